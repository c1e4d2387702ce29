import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Prng } from '../../src/sandbox/prng.ts';
import { backUpDatabase } from '../../src/sqlite/back-up-database.ts';
import { replaceDatabase } from '../../src/sqlite/replace-database.ts';
import { startModule } from '../jsonl/node-child.ts';
import { BUILT } from './built.ts';
import { makeDatabase, makeHotWal, namesIn, newFolder, NO_WAIT, wordsIn } from './databases.ts';

const CHILD = `import { backUpDatabase } from '${BUILT}back-up-database.js';
  import { replaceDatabase } from '${BUILT}replace-database.js';
  const [what, path, newFile, aside] = process.argv.slice(1);
  if (what === 'replace') await replaceDatabase(path, newFile, { busyTimeoutMs: 0, aside });
  else await backUpDatabase(newFile, path, { busyTimeoutMs: 0 });`;

/** Starts the child and kills it after so many changes in the folder. Says how it ended. */
async function killAfter(changes: number, folder: string, args: string[]): Promise<string> {
  const child = startModule(CHILD, { args });
  let left = changes;
  const watcher = watch(folder, { recursive: true }, () => {
    if (left-- === 0) child.kill('SIGKILL');
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  watcher.close();
  return signal ?? String(status);
}

test.each(['replace', 'back up'])(
  'kill -9 during %s: the file is the old or the new one, whole',
  async (what) => {
    const random = new Prng(`kill ${what}`);
    const ends = new Set<string>();
    for (const changes of [0, 1, 3, ...Array.from({ length: 9 }, () => random.integer(2, 30))]) {
      const folder = await newFolder();
      const names = ['a.db', 'b.db', 'c.db'].map((name) => join(folder, name)) as [string, string, string];
      const [path, newFile, aside] = names;
      await makeHotWal(path, 'old', 'late');
      makeDatabase(newFile, 'new', 'wal', 20_000);
      const end = await killAfter(changes, folder, [what, ...names]);
      ends.add(end);
      expect(['SIGKILL', '0']).toContain(end);
      expect([['late', 'old'], ['new']]).toContainEqual(wordsIn(path));
      if ((await namesIn(folder)).includes('c.db')) expect(wordsIn(aside)).toEqual(['late', 'old']);
      if (what === 'replace') await replaceDatabase(path, newFile, { ...NO_WAIT, aside: undefined });
      else await backUpDatabase(newFile, path, NO_WAIT);
      expect(wordsIn(path)).toEqual(['new']);
      expect((await namesIn(folder)).filter((name) => name.startsWith('a.db'))).toEqual(['a.db']);
    }
    expect(ends).toContain('SIGKILL');
  },
);
