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
async function peakMib(times: number): Promise<number> {
  const random = new Prng('memory');
  const path = join(folder, `mixed-${times}`);
  const fd = openSync(path, 'w');
  for (let time = 0; time < times; time++) {
    // Of a service that nobody knows each distinct one is kept.
    const lines = LINES.map((line) => line.replace(/"svc":"/, `"svc":"v${time}-`));
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
    '16MiB',
  ]);
  const { status, stdout, stderr } = await whenFinished(child);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  await rm(path);
  await rm(join(folder, 'out'));
  return Number(stdout);
}

test('memory does not grow with the events', async () => {
  const few = await peakMib(4);
  const many = await peakMib(20);
  expect(many).toBeLessThan(few + 30);
});
