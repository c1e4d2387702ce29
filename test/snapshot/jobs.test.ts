import Sqlite from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createSnapshot, type CreateSnapshotOptions } from '../../src/snapshot/create-snapshot.ts';
import { makeCursor } from '../../src/snapshot/cursor.ts';
import { makeManifest } from '../../src/snapshot/make-manifest.ts';
import { writeArchive } from '../../src/snapshot/write-archive.ts';
import { listSnapshots } from '../../src/snapshot/list-snapshots.ts';
import { restoreSnapshot, type RestoreSnapshotOptions } from '../../src/snapshot/restore-snapshot.ts';
import { parseSigningKey } from '../../src/keys/signing-key.ts';
import { verifySnapshot } from '../../src/snapshot/verify-snapshot.ts';
import { newFolder } from './new-folder.ts';
import { filesOf } from './plain-tar.ts';
import { codeOf, MAX_BYTES, NEVER, readVector, TRUSTED, vector, verifyFile } from './vectors.ts';

const SEED = 'efR1dNs9EJceM2Vu8qddqbEblv8eQHOvNrwNwdua3l0';
const KEY = TRUSTED[0]!;
/** 2026-11-21T12:34:56.000789Z */
const NOW_US = 1_795_264_496_000_789n;

/** The database of a real node, with what a test wants changed in it. */
async function newDatabase(folder: string, sql = '', name = 'stigmem.db'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, filesOf(gunzipSync(readVector('self-signed.tar.gz'))).get('artifacts/stigmem.db')!);
  change(path, sql);
  return path;
}

function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}

function read(path: string, sql: string): unknown[] {
  // Not only to read: that would leave side files.
  const db = new Sqlite(path);
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

const META = (key: string, value: string): string =>
  `INSERT OR REPLACE INTO node_meta VALUES ('${key}', '${value}');`;
const FACTS = 'SELECT count(*) FROM schema_migrations';

function create(db: string, out: CreateSnapshotOptions['out'], more: Partial<CreateSnapshotOptions> = {}) {
  return createSnapshot({
    db,
    out,
    mayReplace: false,
    busyTimeoutMs: 0,
    signal: NEVER,
    nowUs: () => NOW_US,
    ...more,
  });
}

function restore(file: string, db: string, more: Partial<RestoreSnapshotOptions> = {}) {
  return restoreSnapshot({
    file,
    db,
    trust: { kind: 'default' },
    preRestoreBackup: undefined,
    dryRun: false,
    busyTimeoutMs: 0,
    maxBytes: MAX_BYTES,
    signal: NEVER,
    ...more,
  });
}

describe('create', () => {
  test('names the file after its time and database, and it verifies', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder, META('node_id', 'stigmem:node:1'));
    await mkdir(join(folder, 'out'));
    const { file, snapshot, node } = await create(db, { folder: join(folder, 'out') });
    const sha256 = snapshot.artifacts['artifacts/stigmem.db'].sha256;
    expect(file).toBe(join(folder, 'out', `stigmem-snapshot-20261121T123456Z-${sha256.slice(0, 12)}.tar.gz`));
    expect(await readdir(join(folder, 'out'))).toHaveLength(1);
    expect(await verifyFile(file)).toMatchObject({
      manifest: { createdAt: '2026-11-21T12:34:56.000789+00:00', nodeId: 'stigmem:node:1' },
      sha256: snapshot.sha256,
    });
    expect(snapshot.migrations).toEqual(node.migrations);
    expect(snapshot.migrations).toHaveLength(40);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const inside = filesOf(gunzipSync(await readFile(file))).get('artifacts/stigmem.db')!;
    expect(createHash('sha256').update(inside).digest('hex')).toBe(sha256);
  });

  test('signs with the given key, else the node’s, else one that it makes', async () => {
    const folder = await newFolder();
    const plain = await newDatabase(folder);
    const signingKey = parseSigningKey('A'.repeat(43), 'the test');
    const given = await create(plain, { file: join(folder, 'given.tar.gz') }, { signingKey });
    expect(given).toMatchObject({
      signedWith: 'given',
      snapshot: { manifest: { signerKey: signingKey.publicKey } },
    });
    const made = await create(plain, { file: join(folder, 'made.tar.gz') });
    expect(made.signedWith).toBe('made');
    const node = await newDatabase(
      folder,
      META('federation_privkey', SEED) + META('federation_pubkey', KEY),
      'node.db',
    );
    const own = await create(node, { file: join(folder, 'own.tar.gz') });
    expect(own).toMatchObject({ signedWith: 'node', snapshot: { manifest: { signerKey: KEY } } });
    const padded = await newDatabase(folder, META('federation_privkey', `${SEED}=`), 'padded.db');
    expect(await create(padded, { file: join(folder, 'padded.tar.gz') })).toMatchObject({
      snapshot: { manifest: { signerKey: KEY } },
    });
    const broken = await newDatabase(folder, META('federation_privkey', `${SEED}==`), 'broken.db');
    expect(await codeOf(create(broken, { file: join(folder, 'broken.tar.gz') }))).toBe('KEY_FILE');
    const long = await newDatabase(folder, META('node_id', 'n'.repeat(257)), 'long.db');
    expect(await codeOf(create(long, { file: join(folder, 'broken.tar.gz') }))).toBe('DATABASE_SCHEMA');
    expect((await readdir(folder)).filter((name) => /broken.tar|part|lock/.test(name))).toEqual([]);
  });

  test('refuses databases of others and those that were only begun', async () => {
    const folder = await newFolder();
    const make = (name: string, sql: string): string => {
      change(join(folder, name), sql);
      return join(folder, name);
    };
    const out = { file: join(folder, 'a.tar.gz') };
    const genesis = make('genesis.db', 'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);');
    expect(await codeOf(create(genesis, out))).toBe('DATABASE_SYSTEM');
    expect(await codeOf(create(make('other.db', 'CREATE TABLE a(b);'), out))).toBe('DATABASE_SYSTEM');
    expect(await codeOf(create(make('begun.db', 'CREATE TABLE schema_migrations(version);'), out))).toBe(
      'DATABASE_SCHEMA',
    );
    expect(await codeOf(create(join(folder, 'none.db'), out))).toBe('FILE_UNREADABLE');
    expect((await readdir(folder)).sort()).toEqual(['begun.db', 'genesis.db', 'other.db']);
  });

  test('goes over no file unasked, and a failure leaves what was there', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder);
    const file = join(folder, 'a.tar.gz');
    await writeFile(file, 'mine');
    expect(await codeOf(create(db, { file }))).toBe('FILE_EXISTS');
    const controller = new AbortController();
    const stopped = create(
      db,
      { file },
      {
        mayReplace: true,
        signal: controller.signal,
        onProgress: () => {
          controller.abort(new Error('stop'));
        },
      },
    );
    await expect(stopped).rejects.toThrow('stop');
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect((await readdir(folder)).sort()).toEqual(['a.tar.gz', 'stigmem.db']);
    // Somebody makes it while we work.
    const late = join(folder, 'late.tar.gz');
    const onProgress = (): void => {
      writeFileSync(late, 'theirs');
    };
    expect(await codeOf(create(db, { file: late }, { onProgress }))).toBe('FILE_EXISTS');
    expect(await readFile(late, 'utf8')).toBe('theirs');
    await create(db, { file }, { mayReplace: true });
    expect(await codeOf(verifyFile(file))).toBe('OK');
    // Whatever may be replaced, the database is not, nor what SQLite would take for a part of it.
    for (const name of ['stigmem.db', 'stigmem.db-wal'])
      expect(await codeOf(create(db, { file: join(folder, name) }, { mayReplace: true }))).toBe('SAME_FILE');
    expect(read(db, FACTS)).toEqual([40]);
    expect(await codeOf(create(db, { file: join(folder, 'none', 'a.tar.gz') }))).toBe('FILE_UNWRITABLE');
    expect(await codeOf(create(db, { folder: join(folder, 'none') }))).toBe('FILE_UNWRITABLE');
    spawnSync('mkfifo', [join(folder, 'fifo')]);
    expect(await codeOf(create(db, { file: join(folder, 'fifo') }, { mayReplace: true }))).toBe(
      'FILE_UNWRITABLE',
    );
  });

  test('what a killed run left is removed by the next, but nobody else’s', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder);
    const leftover = (digest: string): string => join(folder, `.snapshot-create-${digest}.part`);
    const digest = createHash('sha256').update(db).digest('hex').slice(0, 12);
    for (const one of [digest, 'other']) {
      await mkdir(leftover(one));
      await writeFile(join(leftover(one), 'stigmem.db'), 'secret');
    }
    await create(db, { file: join(folder, 'a.tar.gz') });
    expect(await readdir(folder)).toContain('.snapshot-create-other.part');
    expect(await readdir(folder)).not.toContain(`.snapshot-create-${digest}.part`);
    await symlink(leftover('other'), leftover(digest));
    expect(await codeOf(create(db, { file: join(folder, 'b.tar.gz') }))).toBe('FILE_UNWRITABLE');
    expect(await readdir(leftover('other'))).toEqual(['stigmem.db']);
  });
});

describe('restore', () => {
  test('round trip: what was, is there again, and what came after is gone', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder, META('node_id', 'stigmem:node:1'));
    const { file } = await create(db, { file: join(folder, 'a.tar.gz') });
    change(
      db,
      `${META('later', 'x')} INSERT INTO schema_migrations(version, applied_at) VALUES ('099_new', 'now');`,
    );
    const aside = join(folder, 'aside.db');
    const told: unknown[] = [];
    const restored = await restore(file, db, {
      preRestoreBackup: aside,
      onVerified: ({ trust }) => told.push(trust.by),
      onAside: (path) => told.push(path),
    });
    expect(told).toEqual(['own-word', aside]);
    expect(restored).toMatchObject({
      replaced: { path: db, aside },
      before: { kind: 'node', node: { nodeId: 'stigmem:node:1' } },
      node: { nodeId: 'stigmem:node:1', peers: 0 },
      lostMigrations: ['099_new'],
    });
    expect(read(db, FACTS)).toEqual([40]);
    expect(read(aside, FACTS)).toEqual([41]);
    expect((await readdir(folder)).sort()).toEqual(['a.tar.gz', 'aside.db', 'stigmem.db']);
  });

  test('the real node’s snapshots, to where there is no database', async () => {
    const folder = await newFolder();
    const db = join(folder, 'new.db');
    const restored = await restore(vector('offline-signed.tar.gz'), db, {
      trust: { kind: 'strict', keys: TRUSTED },
    });
    expect(restored).toMatchObject({
      before: { kind: 'missing' },
      snapshot: { trust: { by: 'trusted-keys' } },
    });
    expect(restored.lostMigrations).toEqual([]);
    expect(read(db, FACTS)).toEqual([40]);
    expect(await readdir(folder)).toEqual(['new.db']);
  });

  test('over what is no database any more', async () => {
    const folder = await newFolder();
    const db = join(folder, 'a.db');
    await writeFile(db, 'was a database');
    expect(await codeOf(restore(vector('self-signed.tar.gz'), db))).toBe('DATABASE_FORMAT');
    const kept = { preRestoreBackup: join(folder, 'kept') };
    const { before } = await restore(vector('self-signed.tar.gz'), db, kept);
    expect(await readFile(kept.preRestoreBackup, 'utf8')).toBe('was a database');
    expect(before).toMatchObject({ kind: 'unreadable', failure: { code: 'DATABASE_FORMAT' } });
    expect(read(db, FACTS)).toEqual([40]);
  });

  test('not over the snapshot itself', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.tar.gz');
    await copyFile(vector('self-signed.tar.gz'), file);
    await symlink('a.tar.gz', join(folder, 'link.tar.gz'));
    expect(await codeOf(restore(file, file))).toBe('SAME_FILE');
    expect(await codeOf(restore(join(folder, 'link.tar.gz'), file, { dryRun: true }))).toBe('SAME_FILE');
    expect(await codeOf(verifyFile(file))).toBe('OK');
  });

  test('knows the node’s own key', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder, META('federation_pubkey', KEY));
    const file = vector('offline-signed.tar.gz');
    const verify = verifySnapshot({
      file,
      db,
      trust: { kind: 'default' },
      busyTimeoutMs: 0,
      maxBytes: MAX_BYTES,
      signal: NEVER,
    });
    expect((await verify).trust.by).toBe('own-key');
    const named = { kind: 'default', ownKey: `A${KEY.slice(1)}` } as const;
    expect((await restore(file, db, { trust: named, dryRun: true })).snapshot.trust.by).toBe('own-word');
    const forced = { kind: 'forced', instead: { kind: 'strict', keys: [] } } as const;
    const { trust } = (await restore(file, db, { trust: forced, dryRun: true })).snapshot;
    expect(trust).toMatchObject({ by: 'nothing', failure: { code: 'UNTRUSTED_KEY' } });
    expect((await restore(file, db)).snapshot.trust.by).toBe('own-key');
  });

  test.each([
    'bad-checksum',
    'bad-signature',
    'edited-manifest',
    'extra-file',
    'missing-artifact',
    'no-manifest',
    'path-escape',
    'symlink',
    'truncated',
  ])('%s: nothing is touched', async (name) => {
    const folder = await newFolder();
    const db = await newDatabase(folder, META('mine', 'x'));
    const before = await readFile(db);
    expect(await codeOf(restore(vector(`${name}.tar.gz`), db))).not.toBe('OK');
    expect((await readFile(db)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(['stigmem.db']);
  });

  test('forced: the signature does not count, but the database must be one', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder);
    const restored = await restore(vector('edited-manifest.tar.gz'), db, { trust: { kind: 'forced' } });
    expect(restored.snapshot.trust).toMatchObject({ by: 'nothing', failure: { code: 'SIGNATURE_MISMATCH' } });
    const damaged = await codeOf(restore(vector('bad-checksum.tar.gz'), db, { trust: { kind: 'forced' } }));
    expect(damaged).toBe('OK');
  });

  test('dry run: says the same and changes nothing', async () => {
    const folder = await newFolder();
    const db = await newDatabase(folder, META('mine', 'x'));
    const before = await readFile(db);
    const { replaced, node } = await restore(vector('self-signed.tar.gz'), db, { dryRun: true });
    expect(replaced).toBeUndefined();
    expect(node.migrations).toHaveLength(40);
    expect((await readFile(db)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(['stigmem.db']);
  });

  test('not over another system’s database', async () => {
    const folder = await newFolder();
    const db = join(folder, 'genesis.db');
    change(db, 'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);');
    const before = await readFile(db);
    expect(await codeOf(restore(vector('self-signed.tar.gz'), db))).toBe('DATABASE_SYSTEM');
    expect(await codeOf(restore(vector('self-signed.tar.gz'), db, { trust: { kind: 'forced' } }))).toBe(
      'DATABASE_SYSTEM',
    );
    expect((await readFile(db)).equals(before)).toBe(true);
  });

  test('another system’s database in a snapshot, and one of another node than it says', async () => {
    const folder = await newFolder();
    const pack = async (name: string, sql: string, nodeId: string): Promise<string> => {
      const database = join(folder, `${name}.db`);
      change(database, sql);
      const content = await readFile(database);
      const cursor = makeCursor([]);
      const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
      const manifest = makeManifest(
        { createdAtUs: NOW_US, nodeId, databaseSha256: sha256(content), cursorSha256: sha256(cursor) },
        parseSigningKey(SEED, 'the test'),
      );
      const file = join(folder, `${name}.tar.gz`);
      const packed = {
        manifest,
        cursor,
        database: { path: database, size: content.length },
        mtime: new Date(0),
      };
      await writeArchive(file, packed, NEVER);
      return file;
    };
    const genesis = await pack(
      'genesis',
      'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);',
      '',
    );
    const node = 'CREATE TABLE schema_migrations(version); CREATE TABLE node_meta(key, value);';
    const other = await pack('other', `${node} ${META('node_id', 'stigmem:node:1')}`, 'stigmem:node:2');
    const fresh = await pack('fresh', node, 'stigmem:node:2');
    const begun = await pack('begun', 'CREATE TABLE schema_migrations(version);', '');
    const forced = { kind: 'forced' } as const;
    const db = join(folder, 'new.db');
    for (const dryRun of [true, false]) {
      expect(await codeOf(restore(genesis, db, { dryRun }))).toBe('DATABASE_SYSTEM');
      expect(await codeOf(restore(genesis, db, { dryRun, trust: forced }))).toBe('DATABASE_SYSTEM');
      expect(await codeOf(restore(begun, db, { dryRun }))).toBe('DATABASE_SCHEMA');
      expect(await codeOf(restore(other, db, { dryRun }))).toBe('MANIFEST_INVALID');
      expect(await readdir(folder)).not.toContain('new.db');
    }
    expect(await codeOf(restore(fresh, db))).toBe('OK');
    expect((await restore(other, db, { trust: forced })).node.nodeId).toBe('stigmem:node:1');
  });

  test('federates: counts its peers', async () => {
    const folder = await newFolder();
    const db = await newDatabase(
      folder,
      'DROP TABLE replication_cursors; DROP TABLE peers; CREATE TABLE peers(id); INSERT INTO peers VALUES (1), (2);',
    );
    const { file } = await create(db, { file: join(folder, 'a.tar.gz') });
    expect((await restore(file, db)).node.peers).toBe(2);
  });
});

describe('list', () => {
  test('the newest first, each with its verdict, others by name', async () => {
    const folder = await newFolder();
    const names = ['offline-signed', 'self-signed', 'bad-checksum', 'truncated'];
    for (const name of names) await copyFile(vector(`${name}.tar.gz`), join(folder, `${name}.tar.gz`));
    await writeFile(join(folder, 'other.tar.gz'), 'no archive');
    await writeFile(join(folder, 'stigmem-snapshot-x.tar.gz'), 'no archive');
    await writeFile(join(folder, 'notes.txt'), 'x');
    await mkdir(join(folder, 'folder.tar.gz'));
    await symlink(join(folder, 'nowhere'), join(folder, 'link.tar.gz'));
    const all = await readdir(folder);
    for (const name of all.filter((one) => one !== 'link.tar.gz'))
      await utimes(join(folder, name), 1000, 1000);
    await utimes(join(folder, 'truncated.tar.gz'), 2000, 2000);
    const list = await listSnapshots({
      folder,
      trust: { kind: 'strict', keys: TRUSTED },
      busyTimeoutMs: 0,
      maxBytes: MAX_BYTES,
      signal: NEVER,
    });
    expect(list.map(({ name, kind, failure }) => [name, kind, failure?.code])).toEqual([
      ['offline-signed.tar.gz', 'good', undefined],
      ['truncated.tar.gz', 'bad', 'SNAPSHOT_CUT'],
      ['bad-checksum.tar.gz', 'bad', 'CHECKSUM_ERROR'],
      ['folder.tar.gz', 'other', 'SNAPSHOT_FORMAT'],
      ['other.tar.gz', 'other', 'SNAPSHOT_FORMAT'],
      ['self-signed.tar.gz', 'bad', 'UNTRUSTED_KEY'],
      ['stigmem-snapshot-x.tar.gz', 'bad', 'SNAPSHOT_FORMAT'],
      ['link.tar.gz', 'bad', 'FILE_UNREADABLE'],
    ]);
    expect(list[0]).toMatchObject({ bytes: 21098, timeMs: Date.parse('2026-11-21T00:15:51.924Z') });
  });
});
