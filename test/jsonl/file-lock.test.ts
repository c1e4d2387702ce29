import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { FileLock } from '../../src/jsonl/file-lock.ts';
import { BUILT, runModule, startModule } from './node-child.ts';

const IS_LINUX = process.platform === 'linux';
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mesh-backup-'));
const newPath = async (): Promise<string> => join(await newFolder(), 'history.jsonl');

interface LockRecord {
  version: number;
  pid: number;
  host: string;
  started: string;
  taken: string;
}

/** The record that this process leaves, with other values in it. */
async function recordWith(changes: Partial<LockRecord>): Promise<string> {
  const path = await newPath();
  const lock = await FileLock.take(path);
  const record = JSON.parse(await readFile(`${path}.lock`, 'utf8')) as LockRecord;
  await lock.release();
  return `${JSON.stringify({ ...record, ...changes })}\n`;
}

async function pidOfTheDead(): Promise<number> {
  return Number(await runModule('console.log(process.pid)'));
}

async function take(path: string): Promise<{ lock: FileLock; takenOver: string[] }> {
  const takenOver: string[] = [];
  return { lock: await FileLock.take(path, (holder) => takenOver.push(holder)), takenOver };
}

test('the lock file says who holds it, is for us alone, and goes with the release', async () => {
  const path = await newPath();
  const { lock, takenOver } = await take(path);
  const text = await readFile(`${path}.lock`, 'utf8');
  expect(text).toMatch(/^\{.*\}\n$/);
  const record = JSON.parse(text) as LockRecord;
  expect(record).toMatchObject({ version: 1, pid: process.pid, host: hostname() });
  expect(new Date(record.taken).toISOString()).toBe(record.taken);
  expect((await stat(`${path}.lock`)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(path, '..'))).toEqual(['history.jsonl.lock']);
  await lock.release();
  await lock.release();
  expect(await readdir(join(path, '..'))).toEqual([]);
  expect(takenOver).toEqual([]);
});

test('a living holder is named, with what to do', async () => {
  const path = await newPath();
  const { lock } = await take(path);
  const { taken } = JSON.parse(await readFile(`${path}.lock`, 'utf8')) as LockRecord;
  await expect(take(path)).rejects.toMatchObject({
    code: 'LOCKED',
    exitStatus: 11,
    retryable: true,
    message: `${path} is in use by process ${process.pid} on ${hostname()} since ${taken}.`,
    hint: expect.stringContaining(`remove ${path}.lock`) as string,
  });
  expect(await readdir(join(path, '..'))).toEqual(['history.jsonl.lock']);
  await lock.release();
  await (await take(path)).lock.release();
});

test('a dead holder is named and its lock taken over', async () => {
  const path = await newPath();
  const pid = await pidOfTheDead();
  await writeFile(`${path}.lock`, await recordWith({ pid }));
  const { lock, takenOver } = await take(path);
  expect(takenOver).toEqual([`process ${pid} of ${hostname()}, which is gone`]);
  expect(await readdir(join(path, '..'))).toEqual(['history.jsonl.lock']);
  await lock.release();
  expect(await readdir(join(path, '..'))).toEqual([]);
});

test.skipIf(!IS_LINUX)('one that died while it took a dead lock over is in nobody’s way', async () => {
  const path = await newPath();
  const dead = await recordWith({ pid: await pidOfTheDead() });
  await writeFile(`${path}.lock`, dead);
  await writeFile(`${path}.lock.lock`, dead);
  const { lock, takenOver } = await take(path);
  expect(takenOver).toHaveLength(1);
  await lock.release();
  expect(await readdir(join(path, '..'))).toEqual([]);
});

test('one that takes a dead lock over keeps others from doing so', async () => {
  const path = await newPath();
  await writeFile(`${path}.lock`, await recordWith({ pid: await pidOfTheDead() }));
  const { lock } = await take(`${path}.lock`);
  await expect(take(path)).rejects.toMatchObject({ code: 'LOCKED' });
  await lock.release();
});

test.skipIf(!IS_LINUX)(
  'a pid that another process has now is no holder, nor is one of an earlier boot',
  async () => {
    const { started } = JSON.parse(await recordWith({})) as LockRecord;
    const [boot, namespace, ticks] = started.split(' ');
    for (const other of [`${boot} ${namespace} ${Number(ticks) - 1}`, `earlier pid:[1] ${ticks}`]) {
      const path = await newPath();
      await writeFile(`${path}.lock`, await recordWith({ started: other }));
      const { lock, takenOver } = await take(path);
      expect(takenOver).toHaveLength(1);
      await lock.release();
    }
  },
);

test('who cannot be looked at counts as alive', async () => {
  const pid = await pidOfTheDead();
  const { started } = JSON.parse(await recordWith({})) as LockRecord;
  const elsewhere = started.replace(/pid:\[\d+\]/, 'pid:[1]');
  const records = [recordWith({ pid, host: 'another.example' }), recordWith({ pid, version: 2 })];
  if (IS_LINUX) records.push(recordWith({ pid, started: elsewhere })); // in another container
  for (const record of await Promise.all(records)) {
    const path = await newPath();
    await writeFile(`${path}.lock`, record);
    await utimes(`${path}.lock`, 0, 0);
    await expect(take(path)).rejects.toMatchObject({ code: 'LOCKED' });
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(record);
  }
});

test.skipIf(process.getuid?.() !== 0)(
  'what belongs to another user is neither read nor taken over',
  async () => {
    const folder = await newFolder();
    const path = join(folder, 'history.jsonl');
    await writeFile(`${path}.lock`, await recordWith({ pid: await pidOfTheDead() }), { mode: 0o600 });
    const said = await runModule(
      `import { FileLock } from '${BUILT}file-lock.js';
    import { chmodSync } from 'node:fs';
    chmodSync('${folder}', 0o777);
    process.setuid(65534);
    await FileLock.take('${path}').catch((error) => console.log(error.code));`,
    );
    expect(said).toBe('LOCKED\n');
  },
);

test.skipIf(process.getuid?.() !== 0)('a process that we may not signal is alive', async () => {
  const path = await newPath();
  const { lock } = await take(path);
  const said = await runModule(
    `import { FileLock } from '${BUILT}file-lock.js';
    import { chmodSync } from 'node:fs';
    chmodSync('${path}.lock', 0o644);
    chmodSync('${join(path, '..')}', 0o777);
    process.setuid(65534);
    await FileLock.take('${path}').catch((error) => console.log(error.code));`,
  );
  expect(said).toBe('LOCKED\n');
  await lock.release();
});

test('garbage is taken over when it is old, and may be a lock in the making when it is not', async () => {
  for (const garbage of ['', '{"version":1,"pid":', 'null\n', '{"version":1,"pid":-1}\n']) {
    const path = await newPath();
    await writeFile(`${path}.lock`, garbage);
    await expect(take(path)).rejects.toMatchObject({ code: 'LOCKED' });
    await utimes(`${path}.lock`, 1, 1);
    const { lock, takenOver } = await take(path);
    expect(takenOver).toEqual(['a process that left no name']);
    await lock.release();
  }
});

test('links and folders are not followed', async () => {
  const path = await newPath();
  const target = `${path}.target`;
  await symlink(target, `${path}.lock`);
  await expect(take(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await writeFile(target, '');
  await utimes(target, 1, 1);
  await expect(take(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await rm(`${path}.lock`);
  execFileSync('mkfifo', [`${path}.lock`]);
  await utimes(`${path}.lock`, 1, 1);
  await expect(take(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await rm(`${path}.lock`);
  await mkdir(`${path}.lock`);
  await expect(take(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await expect(take(join(path, 'no', 'folder'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

test('only our own lock is released', async () => {
  const path = await newPath();
  const { lock } = await take(path);
  const own = await readFile(`${path}.lock`, 'utf8');
  const other = await recordWith({ host: 'another.example' });
  await link(`${path}.lock`, `${path}.kept`); // so that its inode is not used again
  await writeFile(`${path}.lock`, other);
  await lock.release();
  expect(await readFile(`${path}.lock`, 'utf8')).toBe(other);
  await rm(`${path}.lock`);
  await writeFile(`${path}.lock`, own);
  await lock.release();
  expect(await readFile(`${path}.lock`, 'utf8')).toBe(own);
});

test('where there are no hard links it is a lock all the same', async () => {
  const path = await newPath();
  // There is no such file system at hand: node's own link says what FAT says.
  const noLinks = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    fs.promises.link = async () => { throw Object.assign(new Error('no'), { code: 'EPERM' }); };
    syncBuiltinESMExports();`;
  const code = `import { FileLock } from '${BUILT}file-lock.js';
    import { readdirSync, readFileSync, statSync } from 'node:fs';
    const lock = await FileLock.take('${path}', console.log);
    console.log(JSON.parse(readFileSync('${path}.lock')).pid === process.pid);
    console.log((statSync('${path}.lock').mode & 0o777).toString(8), readdirSync('${join(path, '..')}').length);
    await FileLock.take('${path}').catch((error) => console.log(error.code));
    await lock.release();
    console.log(readdirSync('${join(path, '..')}').length);`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(noLinks)}`];
  expect(await runModule(code, { nodeArgs })).toBe('true\n600 1\nLOCKED\n0\n');
});

test.skipIf(!IS_LINUX)('of many processes that find the same dead lock, exactly one gets it', async () => {
  const code = `import { FileLock } from '${BUILT}file-lock.js';
    import { createInterface } from 'node:readline';
    let lock;
    for await (const path of createInterface({ input: process.stdin })) {
      if (path === 'release') { await lock?.release(); lock = undefined; console.log('released'); continue; }
      try { lock = await FileLock.take(path); console.log('won'); } catch (error) { console.log(error.code); }
    }`;
  const children = Array.from({ length: 6 }, () => startModule(code));
  const answers = children.map((child) => createInterface({ input: child.stdout! })[Symbol.asyncIterator]());
  const ask = async (question: string): Promise<string[]> => {
    for (const child of children) child.stdin!.write(`${question}\n`);
    return Promise.all(answers.map(async (answer) => String((await answer.next()).value)));
  };
  const folder = await newFolder();
  const dead = await recordWith({ pid: await pidOfTheDead() });
  for (let round = 0; round < 150; round++) {
    const path = join(folder, `history-${round}`);
    await writeFile(`${path}.lock`, dead);
    const said = await ask(path);
    expect(said.toSorted()).toEqual([...Array<string>(5).fill('LOCKED'), 'won']);
    await ask('release');
  }
  expect(await readdir(folder)).toEqual([]);
  for (const child of children) child.stdin!.end();
  await Promise.all(children.map((child) => once(child, 'close')));
});

test('drafts of the dead are tidied away when they are old, and nothing else is', async () => {
  const path = await newPath();
  const names = ['11111111-2222-3333-4444-555555555555', '11111111-2222-3333-4444-666666666666', 'mine'];
  for (const name of names) await writeFile(`${path}.lock-${name}`, '');
  const old = new Date(Date.now() - 3_600_000);
  for (const name of [names[0]!, 'mine']) await utimes(`${path}.lock-${name}`, old, old);
  const { lock } = await take(path);
  await lock.release();
  expect((await readdir(join(path, '..'))).sort()).toEqual(
    [names[1]!, 'mine'].map((name) => `history.jsonl.lock-${name}`),
  );
});

test('who holds it is told without taking it', async () => {
  const path = await newPath();
  expect(await FileLock.holderOf(path)).toBeUndefined();
  const { lock } = await take(path);
  expect(await FileLock.holderOf(path)).toContain(`process ${process.pid} on ${hostname()} since `);
  await lock.release();
  await writeFile(`${path}.lock`, await recordWith({ pid: await pidOfTheDead() }));
  expect(await FileLock.holderOf(path)).toBeUndefined();
  expect(await readdir(join(path, '..'))).toEqual(['history.jsonl.lock']);
});
