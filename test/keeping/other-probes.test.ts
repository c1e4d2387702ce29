import { readFileSync, writeFileSync } from 'node:fs';
import { copyFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { listFolder } from '../../src/keeping/list-folder.ts';
import { ManagedProbe } from '../../src/keeping/managed-probe.ts';
import { planPrune } from '../../src/keeping/plan-prune.ts';
import type { NoBackup, Probe, Probed } from '../../src/keeping/probe.ts';
import { SnapshotProbe } from '../../src/keeping/snapshot-probe.ts';
import { readVector, TRUSTED } from '../snapshot/vectors.ts';
import { makeFolder, namesIn } from './backups.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const { signal } = new AbortController();

async function lookKnowing(probe: Probe, path: string): Promise<Probed> {
  const probed = await look(probe, path);
  if ('reason' in probed) throw new Error(probed.reason);
  return probed;
}

async function look(probe: Probe, path: string): Promise<Probed | NoBackup> {
  const [file] = (await listFolder(join(path, '..'))).files;
  expect(file!.path).toBe(path);
  return probe.probe(file!, { nowMs: NOW, signal });
}

describe('snapshots', () => {
  async function probe(
    content: Uint8Array,
    options?: ConstructorParameters<typeof SnapshotProbe>[0],
  ): Promise<Probed> {
    const path = join(await makeFolder({ 's.tar.gz': content }), 's.tar.gz');
    return lookKnowing(new SnapshotProbe(options), path);
  }

  test('node, key and time are those under the signature', async () => {
    const { series, time, flaws } = await probe(readVector('offline-signed.tar.gz'));
    expect(series).toMatch(/^stigmem:node:\S+ lL3rdeA4Oy4NzUnuLUDMKDYZIb_RtuDU6GCT1PAf-hE$/);
    expect(time).toEqual({ timeMs: Date.parse('2026-11-21T00:15:51.924Z'), by: 'signature' });
    expect(flaws).toEqual([]);
  });

  test('with trusted keys, others’ do not verify', async () => {
    const [own, trusted] = [readVector('self-signed.tar.gz'), readVector('offline-signed.tar.gz')];
    expect((await probe(trusted, { trustedKeys: TRUSTED })).flaws).toEqual([]);
    expect((await probe(own, { trustedKeys: TRUSTED })).flaws.join()).toMatch(/not trusted/);
    expect((await probe(own)).flaws).toEqual([]);
  });

  test.each([
    'bad-checksum',
    'bad-signature',
    'edited-manifest',
    'extra-file',
    'missing-artifact',
    'path-escape',
    'symlink',
    'truncated',
  ])('%s is a flaw, and has no time', async (name) => {
    const { flaws, time } = await probe(readVector(`${name}.tar.gz`));
    expect([flaws.length, time]).toEqual([1, undefined]);
  });

  test('one that is damaged claims the series of its manifest', async () => {
    const { series } = await probe(readVector('offline-signed.tar.gz'));
    for (const name of ['truncated', 'bad-checksum', 'missing-artifact'])
      expect((await probe(readVector(`${name}.tar.gz`))).series).toBe(series);
    await expect(probe(readVector('no-manifest.tar.gz'))).rejects.toThrow('without the manifest');
  });
});

const GENESIS = fileURLToPath(new URL('../../fixtures/genesis/na.db', import.meta.url));

async function newDatabase(times: readonly unknown[] = [], prefix = ''): Promise<string> {
  const path = join(await makeFolder(), 'na.db');
  await copyFile(GENESIS, path);
  const db = new Sqlite(path);
  db.pragma('journal_mode = DELETE');
  db.exec('DELETE FROM audit_events');
  const insert = db.prepare('INSERT INTO audit_events VALUES (?, ?, ?)');
  times.forEach((time, at) => insert.run(`${prefix}${at}`, '{}', time));
  db.close();
  return path;
}

/** Garbles the page on which the audit events begin, and leaves the schema. */
function damage(path: string): void {
  const db = new Sqlite(path);
  const { rootpage } = db
    .prepare<[], { rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_events'")
    .get()!;
  const size = db.pragma('page_size', { simple: true }) as number;
  db.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0x5a, (rootpage - 1) * size, rootpage * size));
}

describe('databases', () => {
  test('what a real authority made: the newest audit event says the time, and nothing is changed or left', async () => {
    const folder = await makeFolder();
    await copyFile(GENESIS, join(folder, 'na.db'));
    const plan = await planPrune(folder, {
      policy: { last: 1 },
      includeBad: false,
      nowMs: NOW,
      probes: [new ManagedProbe()],
      signal,
    });
    expect(plan.files.map(({ decision: { file, reasons } }) => ({ ...file, reasons }))).toEqual([
      {
        name: 'na.db',
        kind: 'managed',
        series: 'since audit event 13eb5b95-af09-45bb-a423-cf67bd625edd',
        time: { timeMs: Date.parse('2026-11-21T00:14:15.876Z'), by: 'audit' },
        flaws: [],
        reasons: ['last 1'],
      },
    ]);
    expect(await namesIn(folder)).toEqual(['na.db']);
  });

  test.each<[string, unknown[], string | undefined]>([
    [
      'the latest time, not the largest text',
      ['2026-11-20T23:00:00+00:00', '2026-11-21T00:30:00+05:00'],
      '2026-11-20T23:00:00Z',
    ],
    [
      'none from the future',
      ['2026-11-20T00:00:00Z', '2255-01-01T00:00:00Z', '2026-11-21T12:06:00Z'],
      '2026-11-20T00:00:00Z',
    ],
    ['a clock may differ by minutes', ['2026-11-21T12:04:00Z'], '2026-11-21T12:04:00Z'],
    ['what is no time does not count', ['yesterday', '2026-11-31T00:00:00Z', 'x'], undefined],
    ['without a zone it is UTC', ['2026-11-20T01:00:00', '2026-11-20'], '2026-11-20T01:00:00Z'],
    ['no audit events, no time', [], undefined],
  ])('%s', async (_, times, expected) => {
    const { time, flaws } = await lookKnowing(new ManagedProbe(), await newDatabase(times));
    expect(flaws).toEqual([]);
    expect(time).toEqual(expected && { timeMs: Date.parse(expected), by: 'audit' });
  });

  test('backups of one authority share their oldest audit event, and are a series', async () => {
    const seriesOf = async (times: readonly unknown[], prefix = ''): Promise<string> => {
      const path = await newDatabase(times, prefix);
      return (await lookKnowing(new ManagedProbe(), path)).series;
    };
    const [old, recent] = ['2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z'];
    expect(await seriesOf([old])).toBe('since audit event 0');
    expect(await seriesOf([old, recent])).toBe('since audit event 0');
    expect(await seriesOf([recent, old])).toBe('since audit event 1');
    expect(await seriesOf([old], 'other ')).toBe('since audit event other 0');
    expect(await seriesOf([])).toBe('na.db alone');
  });

  test('another database is none of ours', async () => {
    const path = join(await makeFolder(), 'other.db');
    new Sqlite(path).exec("CREATE VIEW audit_events AS SELECT '2026-11-20T00:00:00Z' AS created_at").close();
    expect(await look(new ManagedProbe(), path)).toEqual({ reason: 'a database without audit_events' });
  });

  test('damage is a flaw where audit events are to be seen', async () => {
    const path = await newDatabase(['2026-11-20T00:00:00Z']);
    damage(path);
    expect((await lookKnowing(new ManagedProbe(), path)).flaws).toHaveLength(1);
  });

  test('what cannot be opened may be anybody’s: it stays, and is told of', async () => {
    const path = await newDatabase(['2026-11-20T00:00:00Z']);
    const folder = dirname(path);
    await copyFile(path, join(folder, 'good.db'));
    await truncate(path, 8192);
    await writeFile(join(folder, 'garbled.db'), 'SQLite format 3\0 and then nothing that is one');
    const { files } = await planPrune(folder, {
      policy: { last: 1 },
      includeBad: true,
      nowMs: NOW,
      probes: [new ManagedProbe()],
      signal,
    });
    expect(
      files.map(({ listed: { name }, decision: { action, standing } }) => [name, action, standing]),
    ).toEqual([
      ['good.db', 'keep', 'counts'],
      ['garbled.db', 'keep', 'unknown'],
      ['na.db', 'keep', 'unknown'],
    ]);
  });
});
