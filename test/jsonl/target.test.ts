import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, openSync, writeSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openTarget } from '../../src/jsonl/target.ts';
import { BUILT, runModule, startModule } from './node-child.ts';

const IS_WINDOWS = process.platform === 'win32';
const newFolder = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), 'mesh-backup-')));
const UNWRITABLE = { code: 'FILE_UNWRITABLE' };

async function openStream(
  path: string,
): Promise<Extract<Awaited<ReturnType<typeof openTarget>>, { kind: 'stream' }>> {
  const target = await openTarget(path);
  if (target.kind !== 'stream') throw new Error(`${path} is a file`);
  return target;
}

test('a file and what is not there yet are files', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'there'), 'old');
  for (const name of ['there', 'new']) {
    expect(await openTarget(join(folder, name))).toEqual({ kind: 'file', path: join(folder, name) });
  }
  expect(await openTarget('new')).toEqual({ kind: 'file', path: join(process.cwd(), 'new') });
  expect(await readFile(join(folder, 'there'), 'utf8')).toBe('old');
});

test.skipIf(IS_WINDOWS)('links are followed, also to what is not there', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'deep/er'), { recursive: true });
  await writeFile(join(folder, 'there'), '');
  await symlink('there', join(folder, 'relative'));
  await symlink(join(folder, 'there'), join(folder, 'absolute'));
  await symlink('deep/er', join(folder, 'inner')); // so inner/.. is deep
  await symlink('inner/../dangling', join(folder, 'first'));
  await symlink('first', join(folder, 'second'));
  for (const [name, target] of [
    ['relative', 'there'],
    ['absolute', 'there'],
    ['inner/new', 'deep/er/new'],
    ['inner/../new', 'deep/new'],
    ['second', 'deep/dangling'],
  ] as const) {
    expect(await openTarget(`${folder}/${name}`)).toEqual({ kind: 'file', path: join(folder, target) });
  }
});

test('loops, folders and missing folders are errors', async () => {
  const folder = await newFolder();
  await symlink('b', join(folder, 'a'));
  await symlink('a', join(folder, 'b'));
  await symlink('no/folder', join(folder, 'dangling'));
  await writeFile(join(folder, 'file'), '');
  for (const name of ['a', '', '.', 'no/folder', 'dangling', 'new/', 'file/new']) {
    await expect(openTarget(`${folder}/${name}`)).rejects.toMatchObject(UNWRITABLE);
  }
  await expect(openTarget('')).rejects.toMatchObject(UNWRITABLE);
});

test.skipIf(IS_WINDOWS)('a FIFO is written straight through, as soon as it has a reader', async () => {
  const path = join(await newFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const opening = openStream(path);
  const read = buffer(createReadStream(path));
  const stream = await opening;
  const content = Buffer.alloc(1_000_000, 'history\n');
  await stream.write(content);
  await stream.write(Buffer.from('end'));
  await stream.close();
  expect((await read).equals(Buffer.concat([content, Buffer.from('end')]))).toBe(true);
});

test.skipIf(IS_WINDOWS)('one that waits for the reader of a FIFO can still be ended', async () => {
  const path = join(await newFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const code = `import { openTarget } from '${BUILT}target.js';
    openTarget('${path}');
    setTimeout(() => { console.log('alive'); process.exit(0); }, 50);`;
  expect(await runModule(code, { through: ['timeout', '20'] })).toBe('alive\n');
});

test.skipIf(IS_WINDOWS)('a reader that goes away is told', async () => {
  const path = join(await newFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stream = await openStream(path);
  closeSync(reader);
  await expect(stream.write(Buffer.from('x'))).rejects.toMatchObject({
    code: 'READER_GONE',
    exitStatus: 141,
  });
  await stream.close();
});

test.skipIf(process.platform !== 'linux')(
  'a device is written straight through, a full one is no room',
  async () => {
    const folder = await newFolder();
    await symlink('/dev/null', join(folder, 'nothing'));
    const nothing = await openStream(join(folder, 'nothing'));
    await nothing.write(Buffer.from('x'));
    await nothing.close();
    const full = await openStream('/dev/full');
    await expect(full.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'NO_ROOM', exitStatus: 16 });
    await full.close();
  },
);

test.skipIf(IS_WINDOWS)('a Unix socket is written to, and its reader may go away', async () => {
  const path = join(await newFolder(), 'socket');
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const stream = await openStream(path);
  const [socket] = (await connected) as [Socket];
  const read = buffer(socket);
  await stream.write(Buffer.alloc(500_000, 'x'));
  await stream.close();
  expect((await read).length).toBe(500_000);
  socket.destroy();

  const again = once(server, 'connection');
  const second = await openStream(path);
  const [gone] = (await again) as [Socket];
  gone.destroy();
  await once(gone, 'close');
  await expect(second.write(Buffer.alloc(5_000_000))).rejects.toMatchObject({ code: 'READER_GONE' });
  await second.close();
  server.close();
  await once(server, 'close');
  await expect(openTarget(path)).resolves.toMatchObject({ kind: 'file' }); // its name is gone
});

test.skipIf(process.platform !== 'linux')('a descriptor is the very one that we were given', async () => {
  const folder = await newFolder();
  await symlink('/dev/fd', join(folder, 'fd'));
  await symlink('/dev/fd/3', join(folder, 'three'));
  const code = `import { openTarget } from '${BUILT}target.js';
    import { writeSync } from 'node:fs';
    for (const path of process.argv.slice(1)) {
      const target = await openTarget(path);
      await target.write(Buffer.from(path.split('/').at(-1) + ' '));
      await target.close();
      writeSync(path.endsWith('stdout') ? 1 : path.endsWith('stderr') ? 2 : 3, target.kind + '\\n');
    }`;
  const args = [
    '/dev/stdout',
    '/dev/stderr',
    '/dev/fd/3',
    '/proc/self/fd/3',
    `${folder}/fd/3`,
    `${folder}/three`,
  ];
  const child = startModule(code, { args, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const texts = [1, 2, 3].map(async (fd) => (await buffer(child.stdio[fd] as Socket)).toString());
  expect(await Promise.all(texts)).toEqual([
    'stdout stream\n',
    'stderr stream\n',
    '3 stream\n3 stream\n3 stream\nthree stream\n',
  ]);
});

test.skipIf(IS_WINDOWS)(
  'a descriptor to a file goes on where it is, and one to a pipe may ask us to wait',
  async () => {
    const path = join(await newFolder(), 'log');
    await writeFile(path, 'first\nlonger than the second\n');
    const fd = openSync(path, 'r+');
    const file = await openStream(`/dev/fd/${fd}`);
    await file.write(Buffer.from('one\n'));
    await file.write(Buffer.from('two\n'));
    closeSync(fd);
    expect(await readFile(path, 'utf8')).toMatch(/^one\ntwo\nnger/);

    const pipe = join(await newFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    const filled = fill(writer);
    const stream = await openStream(`/dev/fd/${writer}`);
    const writing = stream.write(Buffer.alloc(300_000, 'x'));
    const read = buffer(createReadStream(pipe, { fd: openSync(pipe, 'r') }));
    closeSync(reader);
    await writing;
    await stream.close();
    closeSync(writer);
    expect((await read).length).toBe(filled + 300_000);
  },
);

test.skipIf(IS_WINDOWS)(
  'a descriptor that is not open, or a folder, or not for writing, is an error',
  async () => {
    const folder = openSync(await newFolder(), 'r');
    for (const name of ['987', '99999999999', String(folder)]) {
      await expect(openTarget(`/dev/fd/${name}`)).rejects.toMatchObject(UNWRITABLE);
    }
    closeSync(folder);
    const path = join(await newFolder(), 'file');
    await writeFile(path, '');
    const fd = openSync(path, 'r');
    const stream = await openStream(`/dev/fd/${fd}`);
    await expect(stream.write(Buffer.from('x'))).rejects.toMatchObject(UNWRITABLE);
    closeSync(fd);
  },
);

test.skipIf(process.getuid?.() !== 0)('a FIFO that we may not write is an error', async () => {
  const folder = await newFolder();
  await chmod(folder, 0o755);
  execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
  const said = await runModule(
    `import { openTarget } from '${BUILT}target.js';
    process.setuid(65534);
    await openTarget('${folder}/pipe').catch((error) => console.log(error.code));`,
  );
  expect(said).toBe('FILE_UNWRITABLE\n');
});

/** Writes as much as a pipe takes. */
function fill(fd: number): number {
  let filled = 0;
  try {
    for (;;) filled += writeSync(fd, Buffer.alloc(4096));
  } catch {
    return filled;
  }
}
