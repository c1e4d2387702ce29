import { mkdir, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunPool } from '../../src/merge/run-pool.ts';
import { Spool } from '../../src/merge/spool.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { fill } from './events.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mesh-backup-'));

function read(spool: Spool, start: number, end: number): string {
  const buffer = Buffer.alloc(end - start);
  return buffer.toString('utf8', 0, spool.read(buffer, start, end));
}

test('what is appended is read where it went', async () => {
  const spool = new Spool(await newFolder());
  const first = spool.append(Buffer.from('onetwo'));
  const second = spool.append(Buffer.from('three'));
  expect(read(spool, second.start, second.end)).toBe('three');
  expect(read(spool, first.start, first.end)).toBe('onetwo');
  spool.close();
});

test.skipIf(process.platform === 'win32')('nothing of it is to be seen in its folder', async () => {
  const folder = await newFolder();
  const spool = new Spool(folder);
  spool.append(Buffer.from('secret'));
  expect(await readdir(folder)).toEqual([]);
  spool.close();
});

test('kept under a name it stays, for us alone, and never takes the place of another', async () => {
  const folder = await newFolder();
  const spool = new Spool(folder, 'peer.run');
  spool.append(Buffer.from('history'));
  spool.close();
  expect(await readdir(folder)).toEqual(['peer.run']);
  expect((await stat(join(folder, 'peer.run'))).mode & 0o777).toBe(0o600);
  expect(() => new Spool(folder, 'peer.run')).toThrow(
    expect.objectContaining({ code: 'TEMPORARY_FILE' }) as Error,
  );
});

test('a folder that is not there is an error of its own', () => {
  expect(() => new Spool('/there/is/no/such/folder')).toThrow(
    expect.objectContaining({ code: 'TEMPORARY_FILE' }) as Error,
  );
});

test.skipIf(process.platform !== 'linux')(
  'more than the disk has room for is refused before it is full',
  () => {
    // /dev/shm is small on every machine that has one; what is asked for is never written.
    const spool = new Spool('/dev/shm');
    const huge = { length: 2 ** 50 } as Uint8Array;
    expect(() => spool.append(huge)).toThrow(
      expect.objectContaining({
        code: 'NO_ROOM',
        exitStatus: 16,
        hint: expect.stringContaining('TMPDIR') as string,
      }) as Error,
    );
    spool.close();
  },
);

test('a pool makes its file when its memory is full, and not before', async () => {
  const folder = join(await newFolder(), 'not there');
  const pool = new RunPool({ memoryBytes: 200_000, folder });
  const lines = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, at) => {
      const payload = { observer: 'a', subject: 'b', via: 'c' };
      return makeEvent({ tsNs: BigInt(from + at), svc: 'seen', payload }).line;
    });
  fill(pool, lines(0, 100));
  const addMore = (): void => {
    fill(pool, lines(100, 2000));
  };
  expect(addMore).toThrow(expect.objectContaining({ code: 'TEMPORARY_FILE' }) as Error);
  await mkdir(folder);
  addMore();
  expect(pool.finish().length).toBeGreaterThan(1);
  pool.close();
});
