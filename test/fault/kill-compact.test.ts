import { existsSync, readFileSync, watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHistory } from '../../src/sandbox/history.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { namesIn, newBackup, text } from '../cli/backup-mesh.ts';
import { run, start, whenFinished, type Finished } from '../cli/spawn.ts';
import { naiveCompact } from '../archive/compact-oracle.ts';

const random = new Prng('kill compact');
const LINES = makeHistory({ naras: 3, eventsPerNara: 6000 }).ledgers.flatMap((ledger) =>
  ledger.map(({ line }) => line),
);
const MIXED = random.sample(LINES, LINES.length);
const WHOLE = naiveCompact(LINES)
  .map((line) => `${line}\n`)
  .join('');

/** Starts a compaction and kills it after so many changes in the folder. Reads OUT at each of them. */
async function killAfter(
  folder: string,
  path: string,
  changes: number,
): Promise<{ finished: Finished; contents: Set<string> }> {
  const args = ['compact', 'in', '-o', path, '--memory', '1MB'];
  const child = start('bin/mesh-backup.js', args, { cwd: folder });
  let left = changes;
  const contents = new Set<string>();
  const watcher = watch(folder, () => {
    if (existsSync(path)) contents.add(readFileSync(path, 'utf8'));
    if (left-- === 0) child.kill('SIGKILL');
  });
  try {
    return { finished: await whenFinished(child), contents };
  } finally {
    watcher.close();
  }
}

test('kill -9, wherever it comes: OUT is the old one or the new one, whole, and the next run makes the same of it', async () => {
  const old = `${MIXED[0]!}\n`;
  const places = new Set<string>();
  for (const changes of [0, 1, 2, 3, 4, 5, 6, ...Array.from({ length: 10 }, () => random.integer(3, 60))]) {
    const { folder, path } = await newBackup();
    await writeFile(join(folder, 'in'), MIXED.map((line) => `${line}\n`).join(''));
    await writeFile(path, old);
    const { finished, contents } = await killAfter(folder, path, changes);
    contents.add(await text(path));
    expect([...contents].every((content) => content === old || content === WHOLE)).toBe(true);
    const beside = (await namesIn(folder)).filter((name) => !name.startsWith('backup.jsonl.lock-'));
    places.add(`${finished.signal ?? 'ended'} ${beside.join(' ')}`);

    const again = await run('bin/mesh-backup.js', ['compact', 'in', '-o', path], { cwd: folder });
    expect(again.status).toBe(0);
    expect(await text(path)).toBe(WHOLE);
    const left = (await namesIn(folder)).filter((name) => !name.startsWith('backup.jsonl.lock-'));
    expect(left).toEqual(['backup.jsonl', 'in']);
  }
  // It was hit in more than one place: while it read, and while what it wrote lay beside the file.
  expect(places.size).toBeGreaterThan(1);
});
