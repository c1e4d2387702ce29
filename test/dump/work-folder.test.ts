import { appendFile, mkdir, readdir, readFile, stat, truncate, writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LeftWalk } from '../../src/dump/leftover.ts';
import { TakenWalks } from '../../src/dump/taken-walks.ts';
import { WorkFolder, type Leftovers } from '../../src/dump/work-folder.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { emptyTally, merge } from '../../src/merge/merge.ts';
import { RunPool } from '../../src/merge/run-pool.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { drain, linesOf, viewOf } from '../merge/events.ts';

const WALK = {
  publicKey: 'key',
  claimedName: 'bob',
  requests: 3,
  bytes: 1000,
  events: 20,
  repeats: 0,
  firstTsNs: '1',
  lastTsNs: '20',
  checkpoints: { requests: 1, bytes: 10, events: 0, repeats: 0 },
};

const lines = Array.from({ length: 20 }, (_, at) => {
  const payload = { observer: 'a', subject: 'b', via: 'c' };
  return makeEvent({ tsNs: BigInt(at), svc: 'seen', payload }).line;
});

const newPath = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'work');

/** A folder with the log of a run that was cut short after it had walked peer 0 to its end, and begun with peer 1. */
async function cutShort(): Promise<{ path: string; log: string }> {
  const path = await newPath();
  const folder = await WorkFolder.open(path, false);
  const log = folder.startLog(1000, 'all')!;
  const views = lines.map(viewOf);
  log.write({ peer: 0, part: 'ledger' }, views.slice(0, 10));
  log.write({ peer: 1, part: 'ledger' }, views.slice(5, 8));
  log.write({ peer: 0, part: 'ledger' }, views.slice(10));
  await log.complete(0, WALK);
  log.write({ peer: 1, part: 'checkpoints' }, views.slice(0, 1));
  await folder.close();
  return { path, log: join(path, (await readdir(path))[0]!) };
}

/** What a folder gives to a run that comes later, merged. */
async function readLater(path: string): Promise<{ left: Leftovers; merged: string[]; folder: WorkFolder }> {
  const folder = await WorkFolder.open(path, false);
  const pool = new RunPool();
  const keys = new KeyRing();
  const isWelcome = (event: Parameters<typeof proveEvent>[0]): boolean => proveEvent(event).class === 'id';
  const left = await folder.leftovers({ keys, pool, isWelcome });
  const runs = [...left.runs, ...pool.finish()];
  const merged = linesOf(await drain(merge(runs, { pool, keys, tally: emptyTally() })));
  return { left, merged, folder };
}

test('what a run wrote down is there for the next one, with the walks that it finished', async () => {
  const { path, log } = await cutShort();
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(log)).mode & 0o777).toBe(0o600);
  const { left, merged, folder } = await readLater(path);
  expect(merged).toEqual(lines);
  expect(left).toMatchObject({
    events: 24,
    damaged: 0,
    walks: [{ ...WALK, startedMs: 1000, filters: 'all' }],
  });
  await folder.remove();
  await expect(stat(path)).rejects.toThrow();
});

test('a torn end costs only itself', async () => {
  const { path, log } = await cutShort();
  const { size } = await stat(log);
  for (let cut = 1; cut < size; cut += 97) {
    await truncate(log, size - cut);
    const { left, merged, folder } = await readLater(path);
    expect(left.damaged).toBe(0);
    const whole = new Set((await readFile(log, 'utf8')).split('\n').filter((line) => line.startsWith('{')));
    expect(merged).toEqual(lines.filter((line) => whole.has(line)));
    await folder.close();
  }
});

test('what is no event, or may not stand in a backup, is counted and left out', async () => {
  const { path, log } = await cutShort();
  const misfit = lines[0]!.replace(/"ts":\d+/, '"ts":99');
  await appendFile(log, ['rubbish', misfit, '#{"peer":"x"}', '#', '{}', lines[3], ''].join('\n'));
  const { left, merged, folder } = await readLater(path);
  expect(merged).toEqual(lines);
  expect(left.damaged).toBe(5);
  await folder.close();
});

test("a log of another version, or of somebody else's, is neither read nor removed", async () => {
  const path = await newPath();
  await mkdir(path);
  const head = '#{"format":"mesh-backup work","version":2,"startedMs":0,"filters":""}\n';
  await writeFile(join(path, 'walk-1-1.log'), `${head}${lines[0]}\n`);
  await writeFile(join(path, 'walk-1-2.log'), `${lines[0]}\n`);
  await writeFile(join(path, 'notes'), 'mine');
  const { left, merged, folder } = await readLater(path);
  expect(merged).toEqual([]);
  expect(left.events).toBe(0);
  await folder.remove();
  expect((await readdir(path)).sort()).toEqual(['notes', 'walk-1-1.log', 'walk-1-2.log']);
});

test('a folder that is only read is not made, and nothing is put into it', async () => {
  const path = await newPath();
  const folder = await WorkFolder.open(path, true);
  expect(folder.startLog(0, '')).toBeUndefined();
  await folder.close();
  await expect(stat(path)).rejects.toThrow();
});

test('a finished walk stands for one peer, for an hour, where the same was fetched', () => {
  const hour = 3_600_000;
  const walk = (publicKey: string, startedMs: number, filters = 'all'): LeftWalk => {
    return { ...WALK, publicKey, startedMs, filters };
  };
  const walks = [
    walk('good', 5 * hour),
    walk('old', 4 * hour),
    walk('to come', 6 * hour),
    walk('filtered', 5 * hour, 'pings'),
  ];
  const taken = new TakenWalks(walks, 'all', 5 * hour + 1);
  expect(taken.claim('good')).toBe(walks[0]);
  for (const key of ['good', 'old', 'to come', 'filtered', 'unknown'])
    expect(taken.claim(key)).toBeUndefined();
});
