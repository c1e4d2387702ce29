import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { detectSystem } from '../../src/drill/detect-system.ts';
import { drill, failed } from '../../src/drill/drill.ts';
import type { DrilledSystem } from '../../src/drill/drilled-system.ts';
import { genesisSystem } from '../../src/drill/genesis.ts';
import { hasMark, leaveMark } from '../../src/drill/mark.ts';
import { ScratchFolder } from '../../src/drill/scratch-folder.ts';
import { stigmemSystem } from '../../src/drill/stigmem.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';
import { newAuthority, newFolder, realAuthority } from '../managed/authority.ts';
import { newNode } from './node-database.ts';
import { drilled, NO_WAIT, scratchFolders } from './drilling.ts';

const STEPS = ['back up', 'restore', 'change', 'replace', 'compare'];
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const { signal } = new AbortController();

const stigmem = (signingKey = newSigningKey()): DrilledSystem =>
  stigmemSystem({ signingKey, signal, maxBytes: Infinity, ...NO_WAIT });

test.each<[string, () => string, () => DrilledSystem]>([
  ['an authority', realAuthority, () => genesisSystem(NO_WAIT)],
  ['a node', newNode, stigmem],
  [
    'a node whose snapshots nobody signs',
    newNode,
    () => stigmemSystem({ signingKey: undefined, signal, maxBytes: Infinity, ...NO_WAIT }),
  ],
])('the drill of %s goes well, and only reads the database', async (_, make, system) => {
  const dbPath = make();
  const before = hashOf(dbPath);
  const more = [{ what: 'more', run: (scratch: string) => Promise.resolve(hashOf(scratch)) }];
  const steps = await drilled(system(), dbPath, more);
  expect(steps.map(({ what, state }) => [what, state])).toEqual(
    [...STEPS, 'more'].map((what) => [what, 'ok']),
  );
  expect(steps[0]!.text).toContain(`SHA-256 is ${steps.at(-1)!.text}`);
  expect(hashOf(dbPath)).toBe(before);
  expect(readdirSync(dirname(dbPath))).toEqual(['na.db']);
});

/** An authority whose restores do something of their own afterwards. */
function spoilt(
  after: (dbPath: string, aside: string | undefined, times: number) => Promise<void>,
): DrilledSystem {
  const system = genesisSystem(NO_WAIT);
  let times = 0;
  return {
    ...system,
    restore: async (backup, dbPath, aside) => {
      await system.restore(backup, dbPath, aside);
      await after(dbPath, aside, ++times);
    },
  };
}

async function spoilByte(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0xff]), 0, 1, (await file.stat()).size - 1);
  await file.close();
}

test.each<[string, Parameters<typeof spoilt>[0], string, string]>([
  ['changes a byte', (path) => spoilByte(path), 'restore', 'the database is not that of the backup'],
  [
    'changes a byte where it replaces',
    (path, _, times) => (times === 2 ? spoilByte(path) : Promise.resolve()),
    'compare',
    'the database is not that of the backup',
  ],
  [
    'leaves the change in its place',
    async (path, aside) => {
      if (aside !== undefined) await copyFile(aside, path);
    },
    'compare',
    'the change is still there',
  ],
  [
    'keeps something else than what was there',
    async (path, aside) => {
      if (aside !== undefined) await copyFile(path, aside);
    },
    'replace',
    'what was replaced was not kept as it was',
  ],
  ['fails', () => Promise.reject(failed('no luck')), 'restore', 'no luck'],
])('a restore that %s: the drill fails there, and skips the rest', async (_, after, step, text) => {
  const more = [{ what: 'more', run: () => expect.unreachable('it ran') }];
  const steps = await drilled(spoilt(after), realAuthority(), more);
  const names = [...STEPS, 'more'];
  const at = names.indexOf(step);
  expect(steps.map(({ state }) => state)).toEqual(
    names.map((_name, index) => (index < at ? 'ok' : index === at ? 'failure' : 'skipped')),
  );
  expect(steps[at]).toMatchObject({ what: step, text: `${text} (DRILL_FAILED)` });
});

test('a backup that fails is a step that failed, with its advice', async () => {
  const dbPath = realAuthority();
  writeFileSync(dbPath, 'no database');
  const [first, ...others] = await drilled(genesisSystem(NO_WAIT), dbPath);
  expect(first).toMatchObject({ what: 'back up', state: 'failure' });
  expect(first!.text).toContain('(DATABASE_FORMAT)');
  expect(others.every(({ state }) => state === 'skipped')).toBe(true);
});

test('a mistake of ours is no failed drill', async () => {
  const broken = spoilt(() => Promise.reject(new TypeError('oh')));
  await expect(drilled(broken, realAuthority())).rejects.toThrow('oh');
});

test('a stop in the middle ends it with its reason', async () => {
  const stop = new AbortController();
  const done: string[] = [];
  const drilling = drill({
    system: genesisSystem(NO_WAIT),
    dbPath: realAuthority(),
    folder: newFolder(),
    more: [],
    signal: stop.signal,
    onStep: ({ what }) => {
      done.push(what);
      if (what === 'restore') stop.abort(new Error('stopped'));
      return Promise.resolve();
    },
  });
  await expect(drilling).rejects.toThrow('stopped');
  expect(done).toEqual(['back up', 'restore']);
});

test('the mark is a change that is seen', async () => {
  const path = realAuthority();
  expect(await hasMark(path)).toBe(false);
  await leaveMark(path);
  expect(await hasMark(path)).toBe(true);
});

test('whose database it is', async () => {
  expect(await detectSystem(realAuthority(), NO_WAIT)).toBe('genesis');
  expect(await detectSystem(newAuthority([]), NO_WAIT)).toBe('genesis');
  expect(await detectSystem(newNode(), NO_WAIT)).toBe('stigmem');
  const path = join(newFolder(), 'other.db');
  new Sqlite(path).exec('CREATE TABLE audit_events(id)').close();
  await expect(detectSystem(path, NO_WAIT)).rejects.toMatchObject({ code: 'DATABASE_SCHEMA' });
  writeFileSync(path, 'no database at all');
  await expect(detectSystem(path, NO_WAIT)).rejects.toMatchObject({ code: 'DATABASE_FORMAT' });
  await expect(detectSystem('/nowhere', NO_WAIT)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('a scratch folder is for us alone, and goes with all that is in it', async () => {
  const scratch = await ScratchFolder.make();
  writeFileSync(join(scratch.path, 'secret'), 'x');
  const name = scratch.path.split('/').at(-1)!;
  expect(scratchFolders()).toContain(name);
  await scratch.remove();
  expect(scratchFolders()).not.toContain(name);
  await scratch.remove();
});
