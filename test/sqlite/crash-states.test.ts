import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { replaceDatabase } from '../../src/sqlite/replace-database.ts';
import { runModule } from '../jsonl/node-child.ts';
import { BUILT } from './built.ts';
import {
  makeDatabase,
  makeHotJournal,
  makeHotWal,
  namesIn,
  newFolder,
  NO_WAIT,
  wordsIn,
} from './databases.ts';

/**
 * Runs a replacement in a process in which each call that can change a file is watched: before each, all files are copied
 * as they are, which is what a kill at this moment would leave.
 */
const WATCHED = `import fs from 'node:fs';
  import { spawnSync } from 'node:child_process';
  import { syncBuiltinESMExports } from 'node:module';
  import Sqlite from 'better-sqlite3';
  const [folder, states] = process.argv.slice(1);
  let count = 0;
  const watched = (object, ...names) => {
    for (const name of names) {
      const original = object[name];
      object[name] = function (...args) {
        const to = states + '/' + String(count++).padStart(3, '0') + ' ' + name;
        if (spawnSync('cp', ['-a', folder, to]).status !== 0) throw new Error('not copied');
        return original.apply(this, args);
      };
    }
  };
  const handle = await fs.promises.open('/dev/null');
  watched(Object.getPrototypeOf(handle), 'chmod', 'sync');
  await handle.close();
  watched(fs.promises, 'rename', 'link', 'unlink', 'mkdir', 'rmdir');
  watched(Sqlite.prototype, 'pragma', 'exec', 'backup', 'close');
  syncBuiltinESMExports();
  const { replaceDatabase } = await import('${BUILT}replace-database.js');
  await replaceDatabase(folder + '/a.db', folder + '/b.db', { busyTimeoutMs: 0, aside: folder + '/c.db' });
  console.log(count);`;

async function statesOf(makeOld: (path: string) => unknown): Promise<string[]> {
  const root = await newFolder();
  const [folder, states] = [join(root, 'data'), join(root, 'states')];
  await mkdir(folder);
  await mkdir(states);
  await makeOld(join(folder, 'a.db'));
  makeDatabase(join(folder, 'b.db'), 'new', 'wal');
  const count = Number(await runModule(WATCHED, { args: [folder, states] }));
  const names = (await readdir(states)).sort().map((name) => join(states, name));
  expect(names.length).toBe(count);
  expect(wordsIn(join(folder, 'a.db'))).toEqual(['new']);
  return names;
}

/** What a database says that must be whole: opened as its owner would. */
function wordsOfWhole(path: string): string[] {
  const db = new Sqlite(path, { fileMustExist: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
  return wordsIn(path);
}

describe('wherever a replacement is killed', () => {
  test.each<[string, (path: string) => unknown, string[]]>([
    [
      'in WAL mode',
      (path) => {
        makeDatabase(path, 'old', 'wal');
      },
      ['old'],
    ],
    ['with a WAL left behind', (path) => makeHotWal(path, 'old', 'late'), ['late', 'old']],
    ['with a journal left behind', (path) => makeHotJournal(path, 'old', 'half'), ['old']],
  ])(
    'a database %s is the old or the new one, whole, and the next run completes it',
    async (_, makeOld, old) => {
      const [seen, places] = [new Set<string>(), new Set<string>()];
      for (const state of await statesOf(makeOld)) {
        const [path, aside] = [join(state, 'a.db'), join(state, 'c.db')];
        const before = await namesIn(state);
        // What is aside, if anything is, is all of the old one.
        if (before.includes('c.db')) expect([state, wordsOfWhole(aside)]).toEqual([state, old]);
        const words = wordsOfWhole(path);
        expect([['new'], old]).toContainEqual(words);
        places.add(`${words.join()} ${before.includes('c.db')}`);
        // One run after each kind of remains.
        const remains = `${words.join()} ${before.join()}`;
        if (seen.has(remains)) continue;
        seen.add(remains);
        await replaceDatabase(path, join(state, 'b.db'), { ...NO_WAIT, aside: join(state, 'd.db') });
        expect([state, wordsOfWhole(path)]).toEqual([state, ['new']]);
        expect((await namesIn(state)).filter((name) => !/^[abd]\.db$/.test(name) && name !== 'c.db')).toEqual(
          (await namesIn(state)).filter((name) => /^c\.db\.(lock|part)$/.test(name)),
        );
      }
      // It was looked at before anything was done, between the copy aside and the swap, and after the swap.
      expect([...places].sort()).toEqual([`${old.join()} false`, `${old.join()} true`, 'new true'].sort());
    },
  );

  test('what is no database is there as it was, or aside as it was and the new one in its place', async () => {
    const states = await statesOf(async (path) => {
      await writeFile(path, 'no database');
      await writeFile(`${path}-wal`, 'a WAL');
    });
    for (const state of states) {
      const names = await namesIn(state);
      const isOld = (await readFile(join(state, 'a.db'), 'utf8')) === 'no database';
      const whole = isOld && names.includes('a.db-wal') ? 'a.db' : 'c.db';
      expect([state, await readFile(join(state, whole), 'utf8')]).toEqual([state, 'no database']);
      expect(await readFile(join(state, `${whole}-wal`), 'utf8')).toBe('a WAL');
      if (isOld) continue;
      expect(names.filter((name) => name.startsWith('a.db-'))).toEqual([]);
      expect(wordsOfWhole(join(state, 'a.db'))).toEqual(['new']);
    }
  });
});
