import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { assertSoundCopy } from '../../src/sqlite/sound-copy.ts';
import { assertSound } from '../../src/sqlite/soundness.ts';
import { startModule } from '../jsonl/node-child.ts';
import { BUILT } from './built.ts';
import { damage, makeDatabase, makeHotWal, namesIn, newFolder, NO_WAIT, wordsIn } from './databases.ts';
import { childOf, goneOf, makeEndless, rows } from './endless.ts';

const endless = async (): Promise<string> => {
  const path = join(await newFolder(), 'a.db');
  makeEndless(path);
  return path;
};

test('checks in the schema are not run', async () => {
  const path = join(await newFolder(), 'a.db');
  const db = new Sqlite(path);
  db.pragma('ignore_check_constraints = ON');
  db.exec("CREATE TABLE bomb(x CHECK (length(printf('%.*c', 900000000, 'x')) > 0 OR x))");
  db.exec(`INSERT INTO bomb ${rows(400)}`);
  db.close();
  await assertSound(path, NO_WAIT);
  await assertSoundCopy(path, 'it', {});
});

test('a copy with a WAL becomes one file; what is damaged is told in few words', async () => {
  const path = join(await newFolder(), 'a.db');
  await makeHotWal(path, 'old', 'new');
  await assertSoundCopy(path, 'it', {});
  expect(await namesIn(join(path, '..'))).toEqual(['a.db']);
  expect(wordsIn(path)).toEqual(['new', 'old']);

  const bad = join(await newFolder(), 'a.db');
  makeDatabase(bad, 'secret', 'delete', 3000);
  await damage(bad);
  const error: unknown = await assertSoundCopy(bad, 'it', {}).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'DATABASE_DAMAGED', exitStatus: 13 });
  expect((error as Error).message).toMatch(/^it is damaged/);
  expect((error as Error).message.length).toBeLessThan(1500);
});

test('a check that does not end is stopped by the signal at once', async () => {
  const path = await endless();
  const stop = new AbortController();
  const reason = new Error('stopped');
  const checked = expect(assertSoundCopy(path, 'it', { signal: stop.signal })).rejects.toBe(reason);
  const child = await childOf(process.pid);
  stop.abort(reason);
  await checked;
  await goneOf(child);
  await expect(assertSoundCopy(path, 'it', { signal: stop.signal })).rejects.toBe(reason);
});

test('a check that does not end is damage, and so is one that something ends', async () => {
  const path = await endless();
  await expect(assertSoundCopy(path, 'it', { limitMs: 500 })).rejects.toMatchObject({
    code: 'DATABASE_DAMAGED',
    message: 'it is damaged: its check does not end.',
  });
  const checked = expect(assertSoundCopy(path, 'it', {})).rejects.toMatchObject({
    code: 'DATABASE_DAMAGED',
    message: 'it cannot be checked: the check ended with SIGKILL.',
  });
  process.kill(await childOf(process.pid), 'SIGKILL');
  await checked;
});

test('whoever checks gets nothing of our environment that it does not need', async () => {
  vi.stubEnv('STIGMEM_FEDERATION_PRIVKEY', 'secret-of-ours');
  vi.stubEnv('NODE_OPTIONS', '--no-warnings');
  const path = await endless();
  const stop = new AbortController();
  const checked = assertSoundCopy(path, 'it', { signal: stop.signal }).catch(() => 'stopped');
  const child = await childOf(process.pid);
  // Until it is more than a copy of us.
  await vi.waitUntil(async () => (await readFile(`/proc/${child}/cmdline`, 'utf8')).includes('--input-type'));
  const environment = await readFile(`/proc/${child}/environ`, 'utf8');
  stop.abort();
  expect(await checked).toBe('stopped');
  vi.unstubAllEnvs();
  expect(environment).toContain('PATH=');
  expect(environment).not.toMatch(/secret-of-ours|NODE_OPTIONS/);
});

test('it ends with whoever waits for it, also by SIGKILL', async () => {
  const path = await endless();
  const waiting = startModule(
    `import { assertSoundCopy } from '${BUILT}sound-copy.js';
    await assertSoundCopy(${JSON.stringify(path)}, 'it', {});`,
  );
  const child = await childOf(waiting.pid!);
  waiting.kill('SIGKILL');
  await goneOf(child);
});
