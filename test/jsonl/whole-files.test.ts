import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { FileLock } from '../../src/jsonl/file-lock.ts';
import { readWhole } from '../../src/jsonl/read-whole.ts';
import { writeWhole } from '../../src/jsonl/write-whole.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

describe('writeWhole', () => {
  test('a new file is for us alone, and nothing is left beside it', async () => {
    const path = join(folder, 'a');
    expect(await writeWhole(path, Buffer.from('one'), { over: 'replace' })).toBe(path);
    expect(await readFile(path, 'utf8')).toBe('one');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('what is there is replaced, or stays', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'zero');
    await writeWhole(path, Buffer.from('one'), { over: 'replace' });
    expect(await writeWhole(path, Buffer.from('two'), { over: 'keep' })).toBe(`${path}.2`);
    expect(await writeWhole(path, Buffer.from('three'), { over: 'keep' })).toBe(`${path}.3`);
    const texts = await Promise.all(['', '.2', '.3'].map((ending) => readFile(path + ending, 'utf8')));
    expect(texts).toEqual(['one', 'two', 'three']);
  });

  test('two that keep what is there take different names', async () => {
    const path = join(folder, 'a');
    const texts = ['one', 'two', 'three', 'four'];
    const names = await Promise.all(
      texts.map((text) => writeWhole(path, Buffer.from(text), { over: 'keep' })),
    );
    expect(new Set(names).size).toBe(texts.length);
    const found = await Promise.all(names.map((name) => readFile(name, 'utf8')));
    expect(found).toEqual(texts);
    expect(await readdir(folder)).toHaveLength(texts.length);
  });

  test('a name that somebody is about to write is not free, nor is a link that leads nowhere', async () => {
    const path = join(folder, 'a');
    const lock = await FileLock.take(path);
    await symlink('nowhere', `${path}.2`);
    expect(await writeWhole(path, Buffer.from('one'), { over: 'keep' })).toBe(`${path}.3`);
    await lock.release();
    expect(await writeWhole(path, Buffer.from('two'), { over: 'keep' })).toBe(path);
  });

  test('what fails halfway leaves what was there', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'zero');
    const failing = writeWhole(
      path,
      async (write) => {
        await write(Buffer.from('half'));
        throw new Error('no more');
      },
      { over: 'replace' },
    );
    await expect(failing).rejects.toThrow('no more');
    expect(await readFile(path, 'utf8')).toBe('zero');
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('a link leads to what it names', async () => {
    await symlink('b', join(folder, 'a'));
    expect(await writeWhole(join(folder, 'a'), Buffer.from('one'), { over: 'replace' })).toBe(
      join(folder, 'b'),
    );
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('one');
  });

  test('a file that is in use is left alone', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'zero');
    const lock = await FileLock.take(path);
    await expect(writeWhole(path, Buffer.from('one'), { over: 'replace' })).rejects.toMatchObject({
      code: 'LOCKED',
    });
    await lock.release();
    expect(await readFile(path, 'utf8')).toBe('zero');
  });
});

describe('readWhole', () => {
  const bounds = { maxBytes: 5, signal: new AbortController().signal };

  test.each(['', 'a', 'four', 'fiver'])('all of %j', async (text) => {
    await writeFile(join(folder, 'a'), text);
    expect((await readWhole(join(folder, 'a'), undefined, bounds)).toString()).toBe(text);
    const pieces = Readable.from(Array.from(text, (letter) => Buffer.from(letter)));
    expect((await readWhole('stdin', pieces, bounds)).toString()).toBe(text);
  });

  test('nothing that is too long, or not there', async () => {
    await writeFile(join(folder, 'a'), 'sixsix');
    const path = join(folder, 'a');
    await expect(readWhole(path, undefined, bounds)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    const stream = Readable.from([Buffer.from('six'), Buffer.from('six')]);
    await expect(readWhole('stdin', stream, bounds)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(readWhole(join(folder, 'b'), undefined, bounds)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });

  test.skipIf(process.platform === 'win32')('a named pipe, and no longer than wanted', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const stop = new AbortController();
    const waiting = readWhole(path, undefined, { maxBytes: 5, signal: stop.signal });
    setTimeout(() => {
      stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
    }, 50);
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const reading = readWhole(path, undefined, bounds);
    await writeFile(path, 'fiver');
    expect((await reading).toString()).toBe('fiver');
  });

  test('a stream that says nothing is waited for no longer than wanted', async () => {
    const stop = new AbortController();
    const reading = readWhole('stdin', new PassThrough(), { maxBytes: 5, signal: stop.signal });
    stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
