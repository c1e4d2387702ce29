import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { proveEvent } from '../../src/event/proof.ts';
import type { RestoreSummary } from '../../src/restore/restore-summary.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type SandboxNara } from '../../src/sandbox/nara.ts';
import { dumpMesh } from '../dump/dump-mesh.ts';
import { restoreLines } from '../restore/restoring.ts';
import { decode, lacksRoom, RestoreOracle, viewOf } from './restore-oracle.ts';
import { makeWorld, type World, type WorldShape } from './restore-world.ts';

const FAULTS = [
  '',
  'busy:2',
  'busy:3',
  'drop:1',
  'drop:2 lost-answer:3',
  'lost-answer:1',
  'lost-answer:2 no-answer:4',
  'no-answer:1',
  'body-limit:2500',
  'body-limit:20000',
  'flaky:5',
  'flaky:7 lost-answer:1',
];

const shapes: fc.Arbitrary<WorldShape> = fc.record({
  seed: fc.nat({ max: 100_000 }),
  names: fc.integer({ min: 3, max: 6 }),
  events: fc.constantFrom(0, 5, 60, 250, 500),
  held: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
  poison: fc.constantFrom(0, 1, 2),
  presence: fc.array(fc.constantFrom('online', 'stranger', 'quiet', 'young', 'old'), {
    minLength: 5,
    maxLength: 5,
  }),
  restarts: fc.constantFrom(0, 3, 25),
  statuses: fc.constantFrom(0, 15, 50),
  checkpoints: fc.boolean(),
});

const manners = fc.record({
  faults: fc.constantFrom(...FAULTS),
  /** Events beyond what it holds. */
  room: fc.constantFrom(-5, 0, 1, 30, 80_000),
  maxEvents: fc.constantFrom(1, 7, 50, 2000),
  maxBytes: fc.constantFrom(1, 3000, 8 * 1024 * 1024),
  memoryBytes: fc.constantFrom(0, 30_000, 32 * 1024 * 1024),
  includeMisfits: fc.boolean(),
});
const NO_HISTORY = { naras: [], ghosts: [], ledgers: [] };

type Manner = typeof manners extends fc.Arbitrary<infer M> ? M : never;

test('of any backup and into any nara: nothing lost, nothing false, nothing pushed out, no name in new danger', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, manners, async (shape, manner) => {
      const world = makeWorld(shape);
      const backup = [...(await dumpOthers(world)), ...world.extra];
      const capacity = Math.max(1, world.held.length + manner.room);
      const target = await startTarget(world, manner, capacity);
      try {
        await checkRestore(target, world, backup, manner, capacity);
      } finally {
        await target.close();
      }
    }),
    { numRuns: 60 },
  );
}, 300_000);

/** What the other naras give, as lines of a backup. */
async function dumpOthers({ cast, ledgers }: World): Promise<string[]> {
  const [requester] = cast;
  const knownKeys = new Map(cast.map(({ name, publicKey }) => [name, publicKey]));
  const naras = await Promise.all(
    ledgers.map((events, at) => startNara({ identity: cast[at + 1]!, events, knownKeys })),
  );
  const close = async (): Promise<void> => {
    await Promise.all(naras.map((nara) => nara.close()));
  };
  try {
    const history = { naras: cast, ghosts: [], ledgers };
    const mesh = { naras, requester: requester!, history, close };
    return (await dumpMesh(mesh, { keepMisfits: true })).lines;
  } finally {
    await close();
  }
}

async function startTarget(world: World, { faults }: Manner, capacity: number): Promise<SandboxNara> {
  const { cast, held, neighbours, knownKeys } = world;
  return startNara({
    identity: cast[0]!,
    door: 'web',
    events: held,
    neighbours,
    knownKeys,
    capacity,
    faults: faults === '' ? [] : faults.split(' ').map(parseFault),
  });
}

async function checkRestore(
  target: SandboxNara,
  world: World,
  backup: readonly string[],
  manner: Manner,
  capacity: number,
): Promise<void> {
  target.cleanUp(); // what its own rules take away anyway
  const lostBefore = target.lost.length;
  const before = linesOf(target);
  const keysBefore = new Map(target.keys);
  const neighboursBefore = await neighboursOf(target);
  expect(neighboursBefore).toHaveLength(world.neighbours.length);
  const oracle = new RestoreOracle(backup, {
    ownName: target.name,
    lines: before,
    neighbours: world.neighbours,
  });

  const again = (): Promise<RestoreSummary> => restoreInto(target, world, backup, manner);
  const summary = await again();
  const after = linesOf(target);
  const wasThere = new Set(before);
  const added = after.filter((line) => !wasThere.has(line));

  // Nothing is pushed out, and no name comes under the clean-up, nor nearer to it.
  expect(target.lost.slice(lostBefore)).toEqual([]);
  expect(await neighboursOf(target)).toEqual(neighboursBefore);

  // Nothing false: what came is of the backup, byte for byte, once, and may be there.
  const given = new Set(backup);
  expect(added.filter((line) => !given.has(line))).toEqual([]);
  expect(new Set(after.map((line) => decode(line).event.id)).size).toBe(after.length);
  for (const line of added) {
    const { class: proof } = proveEvent(viewOf(line)!);
    expect(proof === 'id' || (proof === 'misfit' && manner.includeMisfits), line).toBe(true);
    expect(oracle.mustStay(decode(line)), line).toBeUndefined();
  }
  for (const [name, key] of target.keys) {
    expect(key, `the key of ${name}`).toBe(keysBefore.get(name) ?? oracle.provenKey(name));
  }

  // Nothing lost: what is not there has a reason.
  const held = after.map(decode);
  const heldIds = new Set(held.map(({ event }) => event.id));
  for (const [id, copies] of oracle.fitting) {
    if (heldIds.has(id)) continue;
    const reason = copies.map((copy) => oracle.mustStay(copy)).find((why) => why !== undefined);
    expect(reason ?? lacksRoom(copies[0]!, held, capacity), copies[0]!.event.line).toBeDefined();
  }
  expect(summary).toMatchObject({
    toGo: { events: added.length },
    sent: { delivered: added.length, rejects: [] },
    trouble: undefined,
  });
  if (added.length > 0) {
    expect(summary).toMatchObject({
      target: { held: before.length },
      confirmed: { there: added.length, missing: new Map() },
    });
  }

  // Again, it finds nothing to do.
  expect(await again()).toMatchObject({ toGo: { events: 0 }, sent: { requests: 0 } });
  expect(linesOf(target)).toEqual(after);
  expect(target.lost.slice(lostBefore)).toEqual([]);

  // And a dump of the target gives what it holds.
  const mesh = { naras: [target], requester: world.cast[0]!, history: NO_HISTORY, close: target.close };
  const { lines } = await dumpMesh(mesh, { keepMisfits: true });
  expect(lines.toSorted()).toEqual(after.toSorted());
  expect(target.cleanUp()).toBe(0);
}

/** A server that fails now and then can do so when nothing is sent yet: then it is for the user to come again. */
async function restoreInto(
  target: SandboxNara,
  { cast }: World,
  backup: readonly string[],
  { faults, maxEvents, maxBytes, memoryBytes, includeMisfits }: Manner,
): Promise<RestoreSummary> {
  for (let tries = 1; ; tries++) {
    try {
      return await restoreLines(target, backup, {
        keypair: cast[0]!,
        batch: { maxEvents, maxBytes },
        memoryBytes,
        includeMisfits,
        // Only where the fault is silence: on a busy machine any answer can take so long.
        requestTimeoutMs: faults.includes('no-answer') ? 600 : 20_000,
      });
    } catch (error) {
      const isHiccup = error instanceof MeshBackupError && error.code.startsWith('PEER_');
      if (!isHiccup || !faults.includes('flaky') || tries === 4) throw error;
    }
  }
}

/** As its list tells them: name, whether online, when first and last heard. */
async function neighboursOf({ url, name }: SandboxNara): Promise<unknown[]> {
  for (;;) {
    const answer = await fetch(`${url}/narae.json`).catch(() => undefined);
    if (answer?.status !== 200) continue; // a flaky one
    const { naras } = (await answer.json()) as { naras: { Name: string }[] };
    return naras.filter(({ Name }) => Name !== name);
  }
}

function linesOf({ ledger }: SandboxNara): string[] {
  return ledger.map(({ line }) => line);
}
