import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Replacement } from '../../src/jsonl/replacement.ts';
import { BUILT, runModule } from './node-child.ts';
import { onSmallDisk } from './small-disk.ts';

const IS_WINDOWS = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;
const newPath = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'history');
const neighbours = (path: string): Promise<string[]> => readdir(join(path, '..'));
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

async function replace(path: string, ...texts: string[]): Promise<void> {
  const replacement = await Replacement.begin(path);
  for (const text of texts) await replacement.write(Buffer.from(text));
  await replacement.commit();
}

test('the old content stays until the commit, then all of it is new', async () => {
  const path = await newPath();
  await writeFile(path, 'old');
  const replacement = await Replacement.begin(path);
  await replacement.write(Buffer.from('new '));
  await replacement.write(new Uint8Array());
  await replacement.write(Buffer.from('content'));
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await neighbours(path)).toEqual(['history', 'history.part']);
  await replacement.commit();
  expect(await readFile(path, 'utf8')).toBe('new content');
  await replacement.discard();
  expect(await readFile(path, 'utf8')).toBe('new content');
  expect(await neighbours(path)).toEqual(['history']);
  await expect(replacement.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await expect(replacement.commit()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

test('what is discarded leaves nothing, also twice', async () => {
  const path = await newPath();
  const replacement = await Replacement.begin(path);
  await replacement.write(Buffer.from('new'));
  await replacement.discard();
  await replacement.discard();
  expect(await neighbours(path)).toEqual([]);
});

test.skipIf(IS_WINDOWS)('a new file is for us alone, and so is the part of any', async () => {
  const path = await newPath();
  await replace(path, 'new');
  expect(await modeOf(path)).toBe('600');
  await chmod(path, 0o644);
  const replacement = await Replacement.begin(path);
  expect(await modeOf(`${path}.part`)).toBe('600');
  await replacement.discard();
});

test.skipIf(IS_WINDOWS)('the mode of what was there is kept', async () => {
  const path = await newPath();
  await writeFile(path, 'old');
  await chmod(path, 0o664);
  await replace(path, 'new');
  expect(await modeOf(path)).toBe('664');
});

test.skipIf(!isRoot)('the owner of what was there is kept where we may', async () => {
  const path = await newPath();
  await writeFile(path, 'old');
  await chown(path, 12345, 23456);
  await replace(path, 'new');
  expect(await stat(path)).toMatchObject({ uid: 12345, gid: 23456 });
});

test.skipIf(!isRoot)('where we may not, our group may no more than all others', async () => {
  const path = await newPath();
  await writeFile(path, 'old');
  await chmod(path, 0o664);
  await chown(path, 12345, 23456);
  await chmod(join(path, '..'), 0o777);
  await runModule(
    `import { Replacement } from '${BUILT}replacement.js';
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const replacement = await Replacement.begin('${path}');
    await replacement.commit();`,
  );
  expect(await stat(path)).toMatchObject({ uid: 65534, gid: 65534 });
  expect(await modeOf(path)).toBe('644');
});

test('what a dead run left is removed, a link there is not followed', async () => {
  const path = await newPath();
  await writeFile(`${path}.part`, 'a much longer text of the dead run', { mode: 0o666 });
  await replace(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  await writeFile(`${path}.precious`, 'precious');
  await symlink(`${path}.precious`, `${path}.part`);
  await replace(path, 'newer');
  expect(await readFile(path, 'utf8')).toBe('newer');
  expect(await readFile(`${path}.precious`, 'utf8')).toBe('precious');
});

test('where nothing can be written it does not begin', async () => {
  const path = await newPath();
  await mkdir(`${path}.part`);
  await expect(Replacement.begin(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await expect(Replacement.begin(join(path, 'no', 'folder'))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  });
});

test('a part that is not ours is neither put in place nor removed', async () => {
  const path = await newPath();
  await writeFile(path, 'old');
  const [one, other] = [await Replacement.begin(path), await Replacement.begin(path)];
  await one.write(Buffer.from('one'));
  await expect(one.commit()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await one.discard();
  await other.write(Buffer.from('other'));
  expect(await readFile(path, 'utf8')).toBe('old');
  await other.commit();
  expect(await readFile(path, 'utf8')).toBe('other');
});

test('what is no file is not replaced', async () => {
  const path = await newPath();
  const replacement = await Replacement.begin(path);
  await symlink('elsewhere', path);
  await expect(replacement.commit()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await rm(path);
  await expect(replacement.commit()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await replacement.discard();
  expect(await neighbours(path)).toEqual([]);
});

const HALF_FULL = `
  import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
  import { dirname } from 'node:path';
  import { Replacement } from '${BUILT}replacement.js';
  const [path, bytes] = [process.argv[1], Number(process.argv[2])];
  writeFileSync(path, 'old');
  const tell = (error) => console.log(error.code);
  const replacement = await Replacement.begin(path);
  await replacement.write(Buffer.alloc(bytes)).catch(tell);
  await replacement.commit().catch(tell);
  await replacement.discard();
  console.log(readFileSync(path, 'utf8'), readdirSync(dirname(path)).length);`;

test.skipIf(IS_WINDOWS)('a write that the system takes only a part of is never taken for whole', async () => {
  const path = await newPath();
  const through = ['sh', '-c', 'ulimit -f 64 && exec "$@"', 'sh'];
  expect(await runModule(HALF_FULL, { through, args: [path, '1000000'] })).toBe(
    'FILE_UNWRITABLE\nFILE_UNWRITABLE\nold 1\n',
  );
});

test.skipIf(onSmallDisk === undefined)('a disk that would be full keeps the old file', async () => {
  const through = onSmallDisk!('size=20m');
  expect(await runModule(HALF_FULL, { through, args: ['/mnt/history', '5000000'] })).toBe(
    'NO_ROOM\nFILE_UNWRITABLE\nold 1\n',
  );
});

test.skipIf(onSmallDisk === undefined)('a disk that is full lets nothing begin', async () => {
  const code = `import { Replacement } from '${BUILT}replacement.js';
    await Replacement.begin('/mnt/history').catch((error) => console.log(error.code));`;
  for (const options of ['size=1m', 'size=64m,nr_inodes=1']) {
    expect(await runModule(code, { through: onSmallDisk!(options) })).toBe('NO_ROOM\n');
  }
});

test.skipIf(IS_WINDOWS)(
  'the content is durable before it gets its name, the name before commit returns',
  async () => {
    const path = await newPath();
    // A power cut cannot be had in a test; the order of what is asked of the system can.
    const said = await runModule(
      `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    const handle = await fs.promises.open('.', 'r');
    const proto = Object.getPrototypeOf(handle);
    await handle.close();
    const tell = (object, name) => {
      const original = object[name];
      object[name] = async function (...args) {
        const what = name === 'sync' && (await this.stat()).isDirectory() ? 'sync folder' : name;
        console.log(what);
        return original.apply(this, args);
      };
    };
    tell(proto, 'sync'); tell(proto, 'chmod'); tell(fs.promises, 'rename');
    syncBuiltinESMExports();
    fs.writeFileSync('${path}', 'old');
    const { Replacement } = await import('${BUILT}replacement.js');
    const replacement = await Replacement.begin('${path}');
    await replacement.write(Buffer.from('new'));
    await replacement.commit();
    console.log('done');`,
    );
    expect(said).toBe('chmod\nsync\nrename\nsync folder\ndone\n');
  },
);
