import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkDump } from '../../src/sandbox/check-dump.ts';
import { DEFAULT_WALK_BOUNDS } from '../../src/sync/walk-peer.ts';
import { walkState } from '../../src/sync/walk-report.ts';
import { dumpMesh, withMesh } from '../dump/dump-mesh.ts';
import { viewOf } from '../merge/events.ts';

/** Peers that give all they have; some of them are old, and some lose a request now and then. */
const HONEST = ['', 'legacy', 'flaky:3', 'no-checkpoints', 'legacy flaky:5', 'delay:1'];
const OTHERS = [
  'lie',
  'strip',
  'forge',
  'foreign',
  'hostile',
  'monster',
  'future',
  'disorder',
  'repeat',
  'endless',
  'stuck-cursor',
  'back-cursor',
  'moving',
  'cut:2',
  'status:500:2',
  'status:403',
  'malformed:2',
  'bad-signature:2',
  'unsigned',
  'wrong-key',
  'gzip',
  'no-ping',
  'impostor:alice',
  'skew:90',
];

const bounds = {
  ...DEFAULT_WALK_BOUNDS,
  timeoutMs: 20_000,
  maxPeerEvents: 3000,
  retry: { maxTries: 3, firstDelayMs: 1, maxDelayMs: 2 },
};

const meshes = fc.record({
  seed: fc.nat({ max: 1000 }),
  eventsPerNara: fc.constantFrom(0, 1, 60, 400),
  pageSize: fc.constantFrom(20, 50, 2000),
  kinds: fc.array(fc.oneof(fc.constantFrom(...HONEST), fc.constantFrom(...OTHERS)), {
    minLength: 1,
    maxLength: 5,
  }),
  memoryBytes: fc.constantFrom(0, 30_000, 32 * 1024 * 1024),
});

test('of any mesh: all that honest peers hold, once, in order, and nothing that no peer gave', async () => {
  await fc.assert(
    fc.asyncProperty(meshes, async ({ seed, eventsPerNara, pageSize, kinds, memoryBytes }) => {
      const names = ['alice', 'bob', 'carol', 'dave', 'erin'];
      const faults: Record<string, string> = {};
      for (const [at, kind] of kinds.entries()) if (kind !== '') faults[names[at]!] = kind;
      const options = {
        naras: kinds.length,
        eventsPerNara,
        seed,
        pageSize: Math.max(20, Math.min(pageSize, 200)),
        faults,
      };
      await withMesh(options, async (mesh) => {
        const { lines, summary } = await dumpMesh(mesh, {
          bounds: { ...bounds, pageSize },
          memoryBytes,
        });

        // A signed answer that breaks off counts as not given, and what stands before the break is kept.
        const given = mesh.naras.flatMap((nara) => [...nara.given, ...nara.ledger.map(({ line }) => line)]);
        const check = checkDump(given, lines);
        expect(check).toMatchObject({ foreign: 0, doubled: 0, disordered: 0 });

        const held = new Set(lines.map((line) => viewOf(line).id));
        for (const [at, kind] of kinds.entries()) {
          if (!HONEST.includes(kind)) continue;
          expect(walkState(summary.peers[at]!), `${names[at]} ${kind}`).toBe('complete');
          expect(mesh.naras[at]!.ledger.filter(({ id }) => !held.has(id))).toEqual([]);
        }
        const { read, written, duplicate, quarantined, filtered } = summary.events;
        expect(read).toBe(written + duplicate + quarantined + filtered);
        expect(written).toBe(lines.length);
      });
    }),
    { numRuns: 40 },
  );
});
