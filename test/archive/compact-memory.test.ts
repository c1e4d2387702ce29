import { closeSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHistory } from '../../src/sandbox/history.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { whenFinished, start } from '../cli/spawn.ts';
import { folder } from './compacting.ts';

const LINES = makeHistory({ naras: 1, eventsPerNara: 20_000 }).ledgers[0]!.map(({ line }) => line);

/** The peak of a compaction of so many times the lines, all different, in no order, in MiB. */
async function peakMib(times: number, memory: string, change = (line: string) => line): Promise<number> {
  const random = new Prng('memory');
  const path = join(folder, `mixed-${times}`);
  const fd = openSync(path, 'w');
  for (let time = 0; time < times; time++) {
    // Of a service that nobody knows each distinct one is kept.
    const lines = LINES.map((line) => line.replace(/"svc":"/, `"svc":"v${time}-`)).map(change);
    writeSync(fd, random.sample(lines, lines.length).join('\n'));
    writeSync(fd, '\n');
  }
  closeSync(fd);
  const child = start('test/archive/peak-of-cli.js', [
    'compact',
    path,
    '-o',
    join(folder, 'out'),
    '--memory',
    memory,
  ]);
  const { status, stdout, stderr } = await whenFinished(child);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  await rm(path);
  await rm(join(folder, 'out'));
  return Number(stdout);
}

test('memory does not grow with the events', async () => {
  const few = await peakMib(4, '16MiB');
  const many = await peakMib(20, '16MiB');
  expect(many).toBeLessThan(few + 30);
});

test('events of one time cost no more memory than others', async () => {
  const spread = await peakMib(20, '64MiB');
  const burst = await peakMib(20, '64MiB', (line) => line.replace(/"ts":\d+/, '"ts":1768800000000000000'));
  expect(burst).toBeLessThan(spread + 30);
});
