import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile, copyFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Snapshot } from '../../src/snapshot/snapshot.ts';
import type { Trust } from '../../src/snapshot/trust.ts';
import { newFolder } from './new-folder.ts';
import { codeOf, MAX_BYTES, NEVER, readVector, TRUSTED, vector, verifyFile } from './vectors.ts';

const STRICT: Trust = { kind: 'strict', keys: TRUSTED };
const OFFLINE_KEY = TRUSTED[0]!;

describe('the vectors', () => {
  test.each([
    // name, under the list of trusted keys, without one, forced: restored or refused, forced: why it would not have been
    ['offline-signed', 'OK', 'OK', 'OK', undefined],
    ['self-signed', 'UNTRUSTED_KEY', 'OK', 'OK', undefined],
    ['bad-checksum', 'CHECKSUM_ERROR', 'CHECKSUM_ERROR', 'OK', 'CHECKSUM_ERROR'],
    ['bad-signature', 'SIGNATURE_MISMATCH', 'SIGNATURE_MISMATCH', 'OK', 'SIGNATURE_MISMATCH'],
    ['edited-manifest', 'SIGNATURE_MISMATCH', 'SIGNATURE_MISMATCH', 'OK', 'SIGNATURE_MISMATCH'],
    ['extra-file', 'EXTRA_FILE', 'EXTRA_FILE', 'EXTRA_FILE', undefined],
    ['missing-artifact', 'MISSING_ARTIFACT', 'MISSING_ARTIFACT', 'MISSING_ARTIFACT', undefined],
    ['no-manifest', 'NO_MANIFEST', 'NO_MANIFEST', 'NO_MANIFEST', undefined],
    ['path-escape', 'UNSAFE_NAME', 'UNSAFE_NAME', 'UNSAFE_NAME', undefined],
    ['symlink', 'NOT_A_FILE', 'NOT_A_FILE', 'NOT_A_FILE', undefined],
    ['truncated', 'SNAPSHOT_CUT', 'SNAPSHOT_CUT', 'SNAPSHOT_CUT', undefined],
  ])('%s', async (name, strict, byDefault, forced, failure) => {
    const path = vector(`${name}.tar.gz`);
    expect(await codeOf(verifyFile(path, STRICT))).toBe(strict);
    expect(await codeOf(verifyFile(path))).toBe(byDefault);
    expect(await codeOf(verifyFile(path, { kind: 'forced' }))).toBe(forced);
    if (forced === 'OK') {
      const { trust } = await verifyFile(path, { kind: 'forced' });
      expect(trust).toMatchObject({ by: 'nothing' });
      expect(trust.by === 'nothing' && trust.failure?.code).toBe(failure);
    }
  });

  test('none is forgotten', async () => {
    const names = (await readdir(vector('.'))).filter((name) => name.endsWith('.tar.gz'));
    expect(names).toHaveLength(11);
  });

  test('what a good one says', async () => {
    const path = vector('offline-signed.tar.gz');
    const file = await readFile(path);
    const unpacked = spawnSync('tar', ['xzOf', path, 'artifacts/stigmem.db'], {
      maxBuffer: MAX_BYTES,
    }).stdout;
    expect(await verifyFile(path, STRICT)).toMatchObject({
      manifest: {
        createdAt: '2026-11-21T00:15:51.924346+00:00',
        nodeId: 'stigmem:node:6e964648-0074-41c7-bbed-adfeb76e8a14',
        signerKey: OFFLINE_KEY,
      },
      trust: { by: 'trusted-keys' },
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      artifacts: {
        'artifacts/stigmem.db': { size: 815104, sha256: createHash('sha256').update(unpacked).digest('hex') },
        'artifacts/schema_migration_cursor.json': { size: 1202 },
      },
    });
    expect((await verifyFile(path)).migrations?.slice(0, 2)).toEqual(['001_init', '002_federation']);
  });
});

describe('whom it trusts', () => {
  const path = vector('offline-signed.tar.gz');

  test('without a list: tells the own key from the word of the snapshot', async () => {
    const by = async (ownKey?: string): Promise<string> =>
      (await verifyFile(path, { kind: 'default', ownKey })).trust.by;
    expect(await by(OFFLINE_KEY)).toBe('own-key');
    expect(await by(`A${OFFLINE_KEY.slice(1)}`)).toBe('own-word');
    expect(await by()).toBe('own-word');
  });

  test('with a list: nobody else, and nobody at all with an empty one', async () => {
    const own = (await verifyFile(vector('self-signed.tar.gz'))).manifest.signerKey;
    expect(await codeOf(verifyFile(path, { kind: 'strict', keys: [own] }))).toBe('UNTRUSTED_KEY');
    expect(await codeOf(verifyFile(path, { kind: 'strict', keys: [own, OFFLINE_KEY] }))).toBe('OK');
    expect(await codeOf(verifyFile(path, { kind: 'strict', keys: [] }))).toBe('UNTRUSTED_KEY');
  });

  test('forced: tells what the list would have said', async () => {
    const forced: Trust = { kind: 'forced', instead: { kind: 'strict', keys: [] } };
    expect((await verifyFile(path, forced)).trust).toMatchObject({ failure: { code: 'UNTRUSTED_KEY' } });
  });
});

describe('unpacking', () => {
  test('writes the two artifacts for us alone', async () => {
    const path = vector('offline-signed.tar.gz');
    const folder = join(await newFolder(), 'staging');
    const snapshot = await Snapshot.open(path, { maxBytes: MAX_BYTES, signal: NEVER });
    const { artifacts } = await snapshot.verify(STRICT);
    const unpacked = await snapshot.unpack(folder);
    await snapshot.close();
    const sha256 = async (file: string): Promise<string> =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    expect(await sha256(unpacked.database)).toBe(artifacts['artifacts/stigmem.db'].sha256);
    expect(await sha256(unpacked.cursor)).toBe(artifacts['artifacts/schema_migration_cursor.json'].sha256);
    expect((await readdir(folder)).sort()).toEqual(['schema_migration_cursor.json', 'stigmem.db']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(unpacked.database)).mode & 0o777).toBe(0o600);
  });

  test('is of what was verified, whatever the name stands for by then', async () => {
    const folder = await newFolder();
    const path = join(folder, 'snapshot.tar.gz');
    await copyFile(vector('offline-signed.tar.gz'), path);
    const snapshot = await Snapshot.open(path, { maxBytes: MAX_BYTES, signal: NEVER });
    const { artifacts } = await snapshot.verify(STRICT);
    await copyFile(vector('self-signed.tar.gz'), `${path}.other`);
    await rename(`${path}.other`, path);
    const { database } = await snapshot.unpack(join(folder, 'staging'));
    await snapshot.close();
    const sha256 = createHash('sha256').update(await readFile(database));
    expect(sha256.digest('hex')).toBe(artifacts['artifacts/stigmem.db'].sha256);
  });

  test('of a file that was written to since: refused, and nothing is left', async () => {
    const folder = await newFolder();
    const path = join(folder, 'snapshot.tar.gz');
    // Not compressed: a byte of the database is a byte of the file, and nothing but hashes tell.
    const tar = gunzipSync(readVector('offline-signed.tar.gz'));
    const good = gzipSync(tar, { level: 0 });
    tar[500_000]! ^= 1;
    const changed = gzipSync(tar, { level: 0 });
    expect(changed).toHaveLength(good.length);
    for (const trust of [STRICT, { kind: 'forced' }] as const) {
      await writeFile(path, good);
      const snapshot = await Snapshot.open(path, { maxBytes: MAX_BYTES, signal: NEVER });
      await snapshot.verify(trust);
      await writeFile(path, changed);
      expect(await codeOf(snapshot.unpack(join(folder, 'staging')))).toBe('FILE_CHANGED');
      await snapshot.close();
      expect(await readdir(folder)).toEqual(['snapshot.tar.gz']);
    }
  });

  test('never into a folder that is there, and never unverified', async () => {
    const folder = await newFolder();
    const snapshot = await Snapshot.open(vector('offline-signed.tar.gz'), {
      maxBytes: MAX_BYTES,
      signal: NEVER,
    });
    expect(await codeOf(snapshot.unpack(join(folder, 'new')))).toBe('INTERNAL');
    await snapshot.verify(STRICT);
    await mkdir(join(folder, 'there'));
    await writeFile(join(folder, 'there', 'mine'), 'x');
    expect(await codeOf(snapshot.unpack(join(folder, 'there')))).toBe('FILE_UNWRITABLE');
    expect(await readdir(join(folder, 'there'))).toEqual(['mine']);
    await snapshot.close();
  });
});

describe('what is no snapshot at all', () => {
  test('empty, text, a folder, a FIFO, nothing', async () => {
    const folder = await newFolder();
    const path = (name: string): string => join(folder, name);
    await writeFile(path('empty'), '');
    await writeFile(path('text'), 'not a snapshot\n');
    expect(await codeOf(verifyFile(path('empty')))).toBe('SNAPSHOT_FORMAT');
    expect(await codeOf(verifyFile(path('text')))).toBe('SNAPSHOT_FORMAT');
    expect(await codeOf(verifyFile(folder))).toBe('SNAPSHOT_FORMAT');
    expect(await codeOf(verifyFile(path('none')))).toBe('FILE_UNREADABLE');
    spawnSync('mkfifo', [path('fifo')]);
    expect(await codeOf(verifyFile(path('fifo')))).toBe('SNAPSHOT_FORMAT');
  });

  test('stops at the signal', async () => {
    const reason = new Error('stopped');
    const controller = new AbortController();
    const snapshot = await Snapshot.open(vector('offline-signed.tar.gz'), {
      maxBytes: MAX_BYTES,
      signal: controller.signal,
    });
    controller.abort(reason);
    await expect(snapshot.verify(STRICT)).rejects.toBe(reason);
    await snapshot.close();
  });
});
