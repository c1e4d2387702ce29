import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Destination } from '../../src/dump/destination.ts';
import type { EventFilter } from '../../src/event/filter.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { partiesOf } from '../../src/event/roles.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { checkDump } from '../../src/sandbox/check-dump.ts';
import type { SandboxMesh } from '../../src/sandbox/mesh.ts';
import { walkState } from '../../src/sync/walk-report.ts';
import { viewOf } from '../merge/events.ts';
import { BOUNDS, dumpMesh, recordList, withMesh, type Dumped } from './dump-mesh.ts';

const bounds = { ...BOUNDS, pageSize: 50 };

/** The dump holds what peers gave, the whole of it and nothing else. */
function expectExact(mesh: SandboxMesh, { lines, summary }: Dumped): void {
  const check = checkDump(
    mesh.naras.flatMap(({ given }) => given),
    lines,
  );
  expect(check).toEqual({ events: lines.length, missing: 0, foreign: 0, doubled: 0, disordered: 0 });
  expect(summary.events.written).toBe(lines.length);
}

test('a dump of honest naras is the union of their ledgers, in order, byte for byte', async () => {
  await withMesh({}, async (mesh) => {
    const dumped = await dumpMesh(mesh, { bounds });
    expectExact(mesh, dumped);
    const ids = new Set(mesh.naras.flatMap(({ ledger }) => ledger.map(({ id }) => id)));
    expect(new Set(dumped.lines.map((line) => viewOf(line).id))).toEqual(ids);
    expect(dumped.summary.peers.map(walkState)).toEqual(['complete', 'complete', 'complete']);
    expect(dumped.summary.peers.every(({ proven }) => proven)).toBe(true);
    expect(dumped.summary.events).toMatchObject({ quarantined: 0, filtered: 0, variants: 0, better: 0 });
  });
});

test.each([
  'lie',
  'strip',
  'forge',
  'foreign',
  'hostile',
  'cut:3',
  'status:500:2',
  'bad-signature:2',
  'legacy',
  'unsigned',
])('a peer with %s costs the others nothing', async (fault) => {
  await withMesh({ faults: { bob: fault } }, async (mesh) => {
    const { lines, summary } = await dumpMesh(mesh, { bounds });
    const honest = mesh.naras.filter(({ name }) => name !== 'bob');
    const check = checkDump(
      honest.flatMap(({ given }) => given),
      lines.filter((line) => honest.some(({ given }) => given.includes(line))),
    );
    const held = new Set(lines.map((line) => viewOf(line).id));
    const truths = honest.flatMap(({ ledger }) => ledger);
    expect(truths.filter(({ id }) => !held.has(id))).toEqual([]);
    expect(check).toMatchObject({ foreign: 0, doubled: 0, disordered: 0 });
    expect(lines.filter((line) => !mesh.naras.some(({ given }) => given.includes(line)))).toEqual([]);
    expect(summary.peers.filter(({ label }) => label !== 'bob').map(walkState)).toEqual([
      'complete',
      'complete',
    ]);
  });
});

test('a signed event is written as its signer made it, whatever a liar gave', async () => {
  await withMesh({ naras: 4, eventsPerNara: 1000, faults: { bob: 'lie', carol: 'strip' } }, async (mesh) => {
    const { lines } = await dumpMesh(mesh, { bounds });
    const held = new Set(lines);
    // Naras that are there show their keys. Where the liar alters what no signature covers, two honest holders decide.
    const others = new Set(mesh.naras[3]!.given);
    const signed = mesh.naras[0]!.given.filter(
      (line) => /"emitter":"(alice|dave)"/.test(line) && others.has(line),
    );
    expect(signed.length).toBeGreaterThan(10);
    expect(signed.filter((line) => !held.has(line))).toEqual([]);
  });
});

test('the order of peers and who is slow change no byte', async () => {
  const faults = { bob: 'lie', carol: 'foreign' };
  await withMesh({ faults }, async (mesh) => {
    const { text } = await dumpMesh(mesh, { bounds });
    const peers = mesh.naras.map(({ name, url }) => ({ name, url: new URL(url), publicKey: undefined }));
    expect((await dumpMesh(mesh, { bounds, peers: peers.reverse(), workers: 1 })).text).toBe(text);
  });
});

test('every copy is accounted for, and every suspect is named and kept', async () => {
  await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
    const quarantine = recordList();
    const variants = recordList();
    const { lines, summary } = await dumpMesh(mesh, { bounds, quarantine, variants });
    const { read, written, duplicate, quarantined, filtered, misfit, hostile } = summary.events;
    expect(read).toBe(mesh.naras.flatMap(({ given }) => given).length);
    expect(read).toBe(written + duplicate + quarantined + filtered);
    expect(quarantined).toBe(misfit + hostile);
    expect(summary.suspects.reduce((sum, { count }) => sum + count, 0)).toBe(quarantined);
    expect(new Set(summary.suspects.map(({ peer }) => peer))).toEqual(new Set(['bob']));

    expect(quarantine.records).toHaveLength(quarantined);
    const given = new Set(mesh.naras[1]!.given);
    for (const { bytes, class: kind, peer } of quarantine.records) {
      const line = Buffer.from(String(bytes), 'base64').toString();
      expect(given.has(line)).toBe(true);
      expect(lines).not.toContain(line);
      expect(proveEvent(viewOf(line)).class).toBe(kind);
      expect(peer).toBe('bob');
    }
    expect(variants.records).toHaveLength(summary.events.variants);
    expect(summary.events.variants).toBeGreaterThan(0);
  });
});

test('kept misfits stand in the output, hostile events never', async () => {
  await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
    const quarantine = recordList();
    const without = await dumpMesh(mesh, { bounds });
    const { lines, summary } = await dumpMesh(mesh, { bounds, keepMisfits: true, quarantine });
    const misfits = lines.filter((line) => proveEvent(viewOf(line)).class === 'misfit');
    expect(misfits.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !misfits.includes(line))).toEqual(without.lines);
    expect(summary.events.quarantined).toBe(summary.events.hostile);
    expect(quarantine.records).toHaveLength(summary.events.hostile + summary.events.misfit);
    const times = lines.map((line) => viewOf(line).tsNs);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });
});

describe('filters', () => {
  test.each<[string, EventFilter]>([
    [
      'since and until',
      { sinceNs: 1_768_000_000_000_000_000n, untilNs: 1_769_000_000_000_000_000n, services: [], naras: [] },
    ],
    ['services', { services: ['ping', 'checkpoint'], naras: [] }],
    ['naras', { services: [], naras: ['bob'] }],
    ['all of them', { sinceNs: 1_768_000_000_000_000_000n, services: ['social'], naras: ['bob', 'carol'] }],
  ])('%s', async (_, filter) => {
    await withMesh({}, async (mesh) => {
      const all = await dumpMesh(mesh, { bounds });
      const { lines, summary } = await dumpMesh(mesh, { bounds, filter });
      const expected = all.lines.filter((line) => {
        const event = viewOf(line);
        return (
          event.tsNs >= (filter.sinceNs ?? 0n) &&
          event.tsNs < (filter.untilNs ?? 2n ** 63n) &&
          (filter.services.length === 0 || filter.services.includes(event.svc)) &&
          (filter.naras.length === 0 || partiesOf(event).some((party) => filter.naras.includes(party)))
        );
      });
      expect(lines).toEqual(expected);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThan(all.lines.length);
      expect(summary.peers.map(walkState)).toEqual(['complete', 'complete', 'complete']);
    });
  });

  test('the boundary of since is in, that of until is out', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { lines } = await dumpMesh(mesh);
      const times = lines.map((line) => viewOf(line).tsNs);
      const filter = { sinceNs: times[10]!, untilNs: times.at(-10)!, services: [], naras: [] };
      const within = times.filter((ts) => ts >= filter.sinceNs && ts < filter.untilNs);
      expect((await dumpMesh(mesh, { filter })).lines).toHaveLength(within.length);
    });
  });
});

describe('what the file of -ids-from has', () => {
  async function knownFile(text: string): Promise<string> {
    const path = join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'known.jsonl');
    await writeFile(path, text);
    return path;
  }

  async function knowing(path: string): Promise<Partial<Destination>> {
    const file = await LineFile.open(path);
    if (file !== undefined) onTestFinished(() => file.close());
    return { prior: file && { file, role: 'known', isAppendedTo: false } };
  }

  test('is not written again: sorted or not, CRLF, blank lines, a torn end', async () => {
    await withMesh({}, async (mesh) => {
      const { lines } = await dumpMesh(mesh, { bounds });
      const half = lines.filter((_, at) => at % 2 === 0).reverse();
      const idsFrom = await knownFile(`\r\n${half.join('\r\n')}`);
      const { lines: rest, summary } = await dumpMesh(mesh, { bounds, destination: await knowing(idsFrom) });
      expect(rest).toEqual(lines.filter((_, at) => at % 2 === 1));
      expect(summary.before?.damaged).toBe(0);
      expect(
        (await dumpMesh(mesh, { bounds, destination: await knowing(await knownFile(lines.join('\n'))) }))
          .text,
      ).toBe('');
    });
  });

  test('means proven: a misfit, a hostile line or rubbish under a true ID keeps nothing out', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { lines, text } = await dumpMesh(mesh);
      const [first, second] = lines as [string, string];
      const misfit = first.replace(/"ts":\d/, '"ts":2');
      const hostile = second.replace('{', `{"id":"${viewOf(second).id}",`);
      const idsFrom = await knownFile([misfit, hostile, 'rubbish', '{"id":', ''].join('\n'));
      const again = await dumpMesh(mesh, { destination: await knowing(idsFrom) });
      expect(again.text).toBe(text);
      expect(again.summary.before?.damaged).toBe(3);
    });
  });

  test('nothing when the file is missing; an error when it cannot be read', async () => {
    const path = join(tmpdir(), 'mesh-backup-there-is-no-such-file');
    expect(await knowing(path)).toEqual({ prior: undefined });
    await expect(knowing(tmpdir())).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

test('what was fetched before an abort is written, and the rest is named', async () => {
  await withMesh({ faults: { bob: 'hang:3' } }, async (mesh) => {
    const controller = new AbortController();
    const reason = new MeshBackupError('INTERRUPTED', 'Stopped by SIGINT.');
    const observer = {
      peerAdvanced: ({ label, events }: { label: string; events: number }) => {
        if (label === 'bob' && events >= 100)
          setImmediate(() => {
            controller.abort(reason);
          });
      },
    };
    const peers = [mesh.naras[1]!].map(({ name, url }) => ({
      name,
      url: new URL(url),
      publicKey: undefined,
    }));
    const { lines, summary } = await dumpMesh(mesh, { bounds, peers, signal: controller.signal, observer });
    expect(lines.length).toBeGreaterThanOrEqual(90);
    expect(summary.peers[0]!.flaws[0]!.error).toBe(reason);
    expect(summary.peers[0]!.flaws[0]!.fromNs).toBeGreaterThan(0n);
  });
});

test('an output that fails ends the dump with its error', async () => {
  await withMesh({ naras: 1 }, async (mesh) => {
    const gone = new MeshBackupError('READER_GONE', 'gone');
    await expect(dumpMesh(mesh, { destination: { write: () => Promise.reject(gone) } })).rejects.toBe(gone);
  });
});
