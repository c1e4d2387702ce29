import { createHash } from 'node:crypto';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeCursor, parseCursor } from '../../src/snapshot/cursor.ts';
import { makeManifest } from '../../src/snapshot/make-manifest.ts';
import { parseManifest } from '../../src/snapshot/manifest.ts';
import { parseSigningKey } from '../../src/keys/signing-key.ts';
import { makeTar } from '../../src/snapshot/tar-bytes.ts';
import { writeArchive } from '../../src/snapshot/write-archive.ts';
import { newFolder } from './new-folder.ts';
import { filesOf, headersOf } from './plain-tar.ts';
import { codeOf, NEVER, readVector, vector, verifyFile } from './vectors.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function write(path: string): Promise<string> {
  const database = join(await newFolder(), 'copy.db');
  const content = Buffer.from('a database '.repeat(20_000));
  await writeFile(database, content);
  const cursor = makeCursor(['001_init']);
  const manifest = makeManifest(
    {
      createdAtUs: 1_795_220_151_924_346n,
      nodeId: 'stigmem:node:ü',
      databaseSha256: sha256(content),
      cursorSha256: sha256(cursor),
    },
    parseSigningKey('efR1dNs9EJceM2Vu8qddqbEblv8eQHOvNrwNwdua3l0', 'the test'),
  );
  await writeArchive(
    path,
    {
      manifest,
      cursor,
      database: { path: database, size: content.length },
      mtime: new Date(1_795_220_151_000),
    },
    NEVER,
  );
  return path;
}

describe('what the node writes, we write', () => {
  const files = filesOf(gunzipSync(readVector('offline-signed.tar.gz')));

  test('manifest: byte for byte, from its fields and the key', async () => {
    const text = files.get('manifest.json')!;
    const { nodeId, digests } = parseManifest(text);
    const made = makeManifest(
      {
        createdAtUs: 1_795_220_151_924_346n,
        nodeId,
        databaseSha256: digests.get('artifacts/stigmem.db')!,
        cursorSha256: digests.get('artifacts/schema_migration_cursor.json')!,
      },
      parseSigningKey(await readFile(vector('offline.key'), 'utf8'), 'offline.key'),
    );
    expect(made.toString()).toBe(text.toString());
  });

  test('cursor: byte for byte', () => {
    const text = files.get('artifacts/schema_migration_cursor.json')!;
    expect(makeCursor(parseCursor(text)!).toString()).toBe(text.toString());
  });

  test('entries: names, order, types, modes', async () => {
    const path = await write(join(await newFolder(), 'a.tar.gz'));
    const shape = (tar: Buffer): unknown =>
      headersOf(tar)
        .filter(({ type }) => type !== 'x')
        .map(({ name, type, mode }) => [name, type, mode]);
    const ours = gunzipSync(await readFile(path));
    expect(shape(ours)).toEqual(shape(gunzipSync(readVector('offline-signed.tar.gz'))));
    expect(ours.length % 10240).toBe(0);
  });
});

describe('a snapshot that we write', () => {
  test('verifies, and is the same bytes whenever and wherever', async () => {
    const folder = await newFolder();
    const [one, two] = [await write(join(folder, 'a.tar.gz')), await write(join(folder, 'b.tar.gz'))];
    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
    const { manifest, migrations } = await verifyFile(one);
    expect(manifest).toMatchObject({
      createdAt: '2026-11-21T00:15:51.924346+00:00',
      nodeId: 'stigmem:node:ü',
    });
    expect(migrations).toEqual(['001_init']);
    expect((await stat(one)).mode & 0o777).toBe(0o600);
    const header = (await readFile(one)).subarray(0, 10);
    expect(header.toString('hex')).toBe('1f8b08000000000000ff');
    expect(headersOf(gunzipSync(await readFile(one))).map(({ owner }) => owner)).toEqual([
      '0:0',
      '0:0',
      '0:0',
      '0:0',
    ]);
  });

  test('does not go over another file', async () => {
    const path = join(await newFolder(), 'a.tar.gz');
    await writeFile(path, 'mine');
    expect(await codeOf(write(path))).toBe('FILE_UNWRITABLE');
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test('of a file that shrinks meanwhile: none', async () => {
    const folder = await newFolder();
    const database = join(folder, 'copy.db');
    await writeFile(database, 'database');
    await truncate(database, 3);
    const content = {
      manifest: Buffer.from('{}'),
      cursor: Buffer.from('{}'),
      database: { path: database, size: 8 },
      mtime: new Date(0),
    };
    expect(await codeOf(writeArchive(join(folder, 'a.tar.gz'), content, NEVER))).toBe('FILE_CHANGED');
  });

  test('holds sizes from 8 GiB on in a record, as Python does', async () => {
    const size = 8 ** 11;
    const tar = makeTar(
      [{ path: 'artifacts/stigmem.db', type: 'File', mode: 0o644, size, content: [] }],
      new Date(0),
    );
    const head = (await tar.next()).value as Buffer;
    await tar.return();
    expect(headersOf(head).map(({ type, size: own }) => [type, own])).toEqual([
      ['x', 19],
      ['0', 0],
    ]);
    expect(head.toString('latin1', 512, 531)).toBe('19 size=8589934592\n');
  });
});
