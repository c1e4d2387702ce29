import { spawnSync } from 'node:child_process';
import { copyFile, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newFolder } from '../snapshot/new-folder.ts';
import { TRUSTED, vector } from '../snapshot/vectors.ts';
import { damage } from '../sqlite/databases.ts';
import {
  change,
  contentsOf,
  failureOf,
  metaIn,
  newDatabase,
  NODE_ID,
  setMeta,
  snapshot,
} from './snapshot-scene.ts';

const OFFLINE = vector('offline-signed.tar.gz');
const SELF = vector('self-signed.tar.gz');
const BAD_SUM = vector('bad-checksum.tar.gz');
const BAD_SIGNATURE = vector('bad-signature.tar.gz');
const LIST = vector('trusted-keys.json');
const OWN_WORD = /^⚠️ {2}Signed with [\w-]{43}, which nobody vouches for/;

/** A folder with a node's database that says so, and nothing else. */
async function newScene(sql = ''): Promise<string> {
  const cwd = await newFolder();
  await newDatabase(cwd, setMeta('mine', 'old') + sql);
  return cwd;
}

const isOld = (cwd: string): boolean => metaIn(join(cwd, 'stigmem.db'), 'mine') === 'old';
const asides = async (cwd: string): Promise<string[]> =>
  (await readdir(cwd)).filter((name) => name.includes('.pre-restore-'));

describe('what is there before', () => {
  test('is kept beside it, each time under another name', async () => {
    const cwd = await newScene();
    const args = ['restore', '--db', 'stigmem.db', '--trusted-keys', LIST, OFFLINE];
    const first = await snapshot(args, { cwd });
    expect(first).toMatchObject({ status: 0, stdout: '' });
    expect(first.stderr.split('\n')).toEqual([
      `✅ ${cwd}/stigmem.db is the database of the snapshot of 2026-11-21T00:15:51.924346+00:00`,
      expect.stringMatching(/^ {3}What was there is in .*\/stigmem\.db\.pre-restore-\d{8}T\d{6}Z$/),
      `   The node is ${NODE_ID} now; it was without one`,
      '   To do: start the node',
      '',
    ]);
    expect(isOld(cwd)).toBe(false);
    const [aside = ''] = await asides(cwd);
    expect(metaIn(join(cwd, aside), 'mine')).toBe('old');
    // Also when they come faster than the clock's seconds.
    for (let count = 2; count < 5; count++) {
      expect((await snapshot(args, { cwd })).status).toBe(0);
      expect(await asides(cwd)).toHaveLength(count);
    }
    expect((await readdir(cwd)).filter((name) => !name.startsWith('stigmem.db'))).toEqual([]);
  });

  test('goes where --pre-restore-backup says, or nowhere', async () => {
    const cwd = await newScene();
    const env = { STIGMEM_DB_PATH: 'stigmem.db' };
    const named = ['restore', '--from', OFFLINE, '--pre-restore-backup', 'before.db'];
    expect((await snapshot(named, { cwd, env })).status).toBe(0);
    expect((await readdir(cwd)).sort()).toEqual(['before.db', 'stigmem.db']);
    expect(metaIn(join(cwd, 'before.db'), 'mine')).toBe('old');
    const none = await snapshot(['restore', '--from', SELF, '--no-pre-restore-backup', '--json'], {
      cwd,
      env,
    });
    expect(none.records.at(-1)).toMatchObject({
      type: 'summary',
      exitStatus: 0,
      db: join(cwd, 'stigmem.db'),
      preRestoreBackup: null,
      nodeIdBefore: NODE_ID,
    });
    expect((await readdir(cwd)).sort()).toEqual(['before.db', 'stigmem.db']);
  });

  test.each([
    ['taken', 2, 'FILE_EXISTS'],
    ['stigmem.db', 2, 'SAME_FILE'],
    ['stigmem.db-wal', 2, 'SAME_FILE'],
    ['a.tar.gz', 2, 'FILE_EXISTS'],
    ['none/a', 16, 'FILE_UNWRITABLE'],
    ['fifo', 16, 'FILE_UNWRITABLE'],
    ['.', 16, 'FILE_UNWRITABLE'],
  ])('cannot be kept as %s: %i %s, nothing is touched', async (name, status, code) => {
    const cwd = await newScene();
    await writeFile(join(cwd, 'taken'), 'mine');
    await copyFile(OFFLINE, join(cwd, 'a.tar.gz'));
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    const before = await contentsOf(cwd);
    const args = ['restore', '--db', 'stigmem.db', 'a.tar.gz', '--pre-restore-backup', name];
    for (const more of [[], ['--dry-run']])
      expect(await failureOf([...args, ...more], { cwd })).toEqual({ status, code });
    expect(await contentsOf(cwd)).toEqual(before);
  });
});

describe('whose signature counts', () => {
  test.each([
    // By default: anybody's, if it fits.
    [OFFLINE, [], 0, OWN_WORD],
    [SELF, [], 0, OWN_WORD],
    [BAD_SUM, [], 13, /is not what was signed/],
    [BAD_SIGNATURE, [], 13, /does not fit/],
    // Strict: those of the list alone.
    [OFFLINE, ['--trusted-keys', LIST], 0, /^✅/],
    [OFFLINE, ['--trusted-key', TRUSTED[0]!], 0, /^✅/],
    [SELF, ['--trusted-keys', LIST], 12, /is not trusted/],
    [BAD_SUM, ['--trusted-keys', LIST], 13, /is not what was signed/],
    [BAD_SIGNATURE, ['--trusted-keys', LIST], 13, /does not fit/],
    // Forced: all, and why not is said.
    [OFFLINE, ['--force-unverified'], 0, /It verifies: this restore need not be forced/],
    [SELF, ['--force-unverified', '--trusted-keys', LIST], 0, /\(untrusted_key\)/],
    [BAD_SUM, ['--force-unverified'], 0, /\(checksum_error\)/],
    [BAD_SIGNATURE, ['--force-unverified'], 0, /\(signature_mismatch\)/],
    // But what is no whole snapshot is none.
    [vector('truncated.tar.gz'), ['--force-unverified'], 13, /ends before its end/],
    [vector('path-escape.tar.gz'), ['--force-unverified'], 13, /may lead out of it/],
    [vector('extra-file.tar.gz'), ['--force-unverified'], 13, /belongs to no snapshot/],
  ] as const)('%s %j: %i', async (file, flags, status, says) => {
    const cwd = await newScene();
    const finished = await snapshot(['restore', '--db', 'stigmem.db', ...flags, file], { cwd });
    expect(finished).toMatchObject({ status, stdout: '' });
    expect(finished.stderr).toMatch(says);
    expect(finished.stderr.startsWith('⚠️  --force-unverified')).toBe(flags[0] === '--force-unverified');
    expect(isOld(cwd)).toBe(status !== 0);
    expect(await asides(cwd)).toHaveLength(status === 0 ? 1 : 0);
  });

  test('the node’s own key is known, but is on no list by itself', async () => {
    const cwd = await newScene(setMeta('federation_pubkey', TRUSTED[0]!));
    const args = ['restore', '--db', 'stigmem.db', '--dry-run', '--json', OFFLINE];
    const { records } = await snapshot(args, { cwd });
    expect(records).toMatchObject([{ type: 'summary', trustedBy: 'own-key', db: null }]);
    await writeFile(join(cwd, 'none.json'), '[]');
    expect(await failureOf([...args, '--trusted-keys', 'none.json'], { cwd })).toEqual({
      status: 12,
      code: 'UNTRUSTED_KEY',
    });
  });
});

describe('--force-unverified', () => {
  test('warns and leaves a line in the log, whatever comes of it', async () => {
    const cwd = await newScene();
    const args = ['restore', '--db', 'stigmem.db', '--force-unverified', '--audit-log', 'log'];
    expect((await snapshot([...args, BAD_SUM], { cwd })).status).toBe(0);
    expect((await snapshot([...args, vector('truncated.tar.gz')], { cwd })).status).toBe(13);
    const { records } = await snapshot([...args, BAD_SIGNATURE, '--dry-run', '--json'], { cwd });
    expect(records).toMatchObject([
      { type: 'message', level: 'warning', text: expect.stringContaining('--force-unverified') as unknown },
      { type: 'message', level: 'warning', text: expect.stringContaining('signature_mismatch') as unknown },
      { type: 'summary', trustedBy: 'nothing', failure: 'signature_mismatch' },
    ]);
    const lines = (await readFile(join(cwd, 'log'), 'utf8')).split('\n').slice(0, -1);
    const db = join(cwd, 'stigmem.db');
    expect(lines.map((row) => JSON.parse(row) as unknown)).toEqual(
      [BAD_SUM, vector('truncated.tar.gz'), BAD_SIGNATURE].map((file, number) => ({
        type: 'forced restore',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
        file,
        db,
        dryRun: number === 2,
      })),
    );
    // What is not forced is nothing for the log.
    expect(
      (await snapshot(['restore', '--db', 'stigmem.db', OFFLINE, '--audit-log', 'other'], { cwd })).status,
    ).toBe(0);
    expect(await readdir(cwd)).not.toContain('other');
  });

  test('without its line in the log nothing is restored', async () => {
    const cwd = await newScene();
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    const before = await contentsOf(cwd);
    for (const log of ['none/log', '.', 'fifo']) {
      const args = ['restore', '--db', 'stigmem.db', '--force-unverified', '--audit-log', log, OFFLINE];
      expect(await failureOf(args, { cwd })).toEqual({ status: 16, code: 'FILE_UNWRITABLE' });
    }
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('the log is none of the files that a line would damage', async () => {
    const cwd = await newScene();
    await copyFile(OFFLINE, join(cwd, 'a.tar.gz'));
    await copyFile(LIST, join(cwd, 'k.json'));
    await link(join(cwd, 'stigmem.db'), join(cwd, 'hard'));
    const before = await contentsOf(cwd);
    for (const log of ['stigmem.db', 'stigmem.db-wal', 'hard', 'a.tar.gz', 'k.json', 'before.db']) {
      const args = ['restore', '--db', 'stigmem.db', '--force-unverified', '--audit-log', log, 'a.tar.gz'];
      const more = ['--trusted-keys', 'k.json', '--pre-restore-backup', 'before.db'];
      expect([log, await failureOf([...args, ...more], { cwd })]).toEqual([
        log,
        { status: 2, code: 'USAGE' },
      ]);
    }
    expect(await contentsOf(cwd)).toEqual(before);
  });
});

test('--dry-run changes nothing, and says so', async () => {
  const cwd = await newScene();
  const before = await contentsOf(cwd);
  for (const flags of [[], ['--force-unverified'], ['--no-pre-restore-backup'], ['--trusted-keys', LIST]]) {
    const finished = await snapshot(['restore', '--db', 'stigmem.db', '--dry-run', ...flags, OFFLINE], {
      cwd,
    });
    expect(finished).toMatchObject({ status: 0, stdout: '' });
    expect(finished.stderr).toContain(`${OFFLINE} could be restored`);
    expect(finished.stderr).toContain('(dry run: nothing was changed)\n');
    expect(await contentsOf(cwd)).toEqual(before);
  }
  expect((await snapshot(['restore', '--db', 'new.db', '--dry-run', OFFLINE], { cwd })).status).toBe(0);
  expect(await contentsOf(cwd)).toEqual(before);
});

test('what is left to do: migrations and cursors', async () => {
  const cwd = await newScene();
  const peers =
    'DROP TABLE replication_cursors; DROP TABLE peers; CREATE TABLE peers(id); INSERT INTO peers VALUES (1), (2);';
  await newDatabase(cwd, peers, 'federated.db');
  await snapshot(['create', '--db', 'federated.db', '--out', 'a.tar.gz'], { cwd });
  const versions = Array.from({ length: 7 }, (_, number) => `('09${number}_new', 'now')`);
  change(
    join(cwd, 'stigmem.db'),
    `INSERT INTO schema_migrations(version, applied_at) VALUES ${versions.join(', ')};`,
  );
  const args = ['restore', '--db', 'stigmem.db', 'a.tar.gz'];
  const { records } = await snapshot([...args, '--dry-run', '--json'], { cwd });
  expect(records.at(-1)).toMatchObject({
    migrationsToApply: versions.map((_, number) => `09${number}_new`),
    peers: 2,
  });
  const { stderr } = await snapshot(args, { cwd });
  expect(stderr).toContain(
    '   To do: start the node\n' +
      '   It will apply 7 migrations that the snapshot does not have: 090_new, 091_new, 092_new, 093_new, 094_new, …\n' +
      '   It federates (2 peers): see that no cursor is ahead of it, with\n' +
      '     stigmem federation cursor-export --db stigmem.db\n',
  );
});

describe('what is no snapshot', () => {
  test('its own code, nothing is touched', async () => {
    const cwd = await newScene();
    const names = ['stigmem.db', 'empty', 'fifo', 'folder', 'hard', 'soft', 'genesis.db', 'other.db', 'text'];
    change(join(cwd, 'genesis.db'), 'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);');
    await newDatabase(cwd, '', 'other.db');
    await writeFile(join(cwd, 'empty'), '');
    await writeFile(join(cwd, 'text'), 'no snapshot\n');
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    await mkdir(join(cwd, 'folder'));
    await link(join(cwd, 'stigmem.db'), join(cwd, 'hard'));
    await symlink('stigmem.db', join(cwd, 'soft'));
    const before = await contentsOf(cwd);
    const codes: Record<string, unknown> = {};
    for (const name of [...names, 'none']) {
      const args = ['restore', '--db', 'stigmem.db', name];
      codes[name] = await failureOf(args, { cwd });
      expect(await failureOf([...args, '--force-unverified'], { cwd })).toEqual(codes[name]);
    }
    const format = { status: 13, code: 'SNAPSHOT_FORMAT' };
    const same = { status: 2, code: 'SAME_FILE' };
    expect(codes).toEqual({
      'stigmem.db': same,
      hard: same,
      soft: same,
      empty: format,
      fifo: format,
      folder: format,
      text: format,
      'genesis.db': format,
      'other.db': format,
      none: { status: 16, code: 'FILE_UNREADABLE' },
    });
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('a snapshot is not restored over itself', async () => {
    const cwd = await newFolder();
    await copyFile(OFFLINE, join(cwd, 'a.tar.gz'));
    const before = await contentsOf(cwd);
    expect(await failureOf(['restore', '--db', 'a.tar.gz', 'a.tar.gz'], { cwd })).toEqual({
      status: 2,
      code: 'SAME_FILE',
    });
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('--max-bytes', async () => {
    const cwd = await newScene();
    const args = ['restore', '--db', 'stigmem.db', OFFLINE, '--max-bytes'];
    expect(await failureOf([...args, '500kB'], { cwd })).toEqual({ status: 13, code: 'SNAPSHOT_TOO_LARGE' });
    expect(isOld(cwd)).toBe(true);
    expect((await snapshot([...args, '1MB'], { cwd })).status).toBe(0);
  });
});

describe('where it goes', () => {
  test('another system’s database, a folder, a FIFO, nowhere: its own code, nothing is touched', async () => {
    const cwd = await newFolder();
    change(join(cwd, 'genesis.db'), 'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);');
    change(join(cwd, 'other.db'), 'CREATE TABLE a(b);');
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    const before = await contentsOf(cwd);
    for (const [name, status, code] of [
      ['genesis.db', 2, 'DATABASE_SYSTEM'],
      ['other.db', 2, 'DATABASE_SYSTEM'],
      ['fifo', 16, 'FILE_UNWRITABLE'],
      ['.', 16, 'FILE_UNWRITABLE'],
      ['none/a.db', 16, 'FILE_UNWRITABLE'],
    ] as const) {
      for (const flags of [[], ['--force-unverified'], ['--dry-run']]) {
        const args = ['restore', '--db', name, ...flags, OFFLINE];
        expect([name, await failureOf(args, { cwd })]).toEqual([name, { status, code }]);
      }
    }
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('any other file: kept, and that is said before; without a copy it stays', async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, 'thesis.txt'), 'my thesis\n'.repeat(1000));
    const before = await contentsOf(cwd);
    const args = ['restore', '--db', 'thesis.txt', OFFLINE];
    for (const more of [[], ['--force-unverified'], ['--dry-run']]) {
      const refused = await snapshot([...args, '--no-pre-restore-backup', ...more, '--json'], { cwd });
      expect(refused.status).toBe(13);
      expect(refused.records.at(-1)).toMatchObject({ code: 'DATABASE_FORMAT' });
      expect(await contentsOf(cwd)).toEqual(before);
    }
    const { status, stderr } = await snapshot([...args, '--pre-restore-backup', 'kept'], { cwd });
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^⚠️ {2}.*thesis\.txt is no SQLite database.* A restore replaces it; it is kept in kept\n⚠️ {2}Signed/,
    );
    expect((await contentsOf(cwd))['kept']).toBe(before['thesis.txt']);
  });

  test('a database that is cut, damaged, encrypted, empty or not there: the new one comes, the old one is kept', async () => {
    const cwd = await newFolder();
    const path = await newDatabase(cwd);
    change(path, 'PRAGMA journal_mode = WAL;');
    const whole = await readFile(path);
    const makers: Record<string, () => Promise<void>> = {
      cut: () => writeFile(path, whole.subarray(0, 100_000)),
      damaged: async () => {
        await writeFile(path, whole);
        await damage(path);
      },
      encrypted: () =>
        writeFile(
          path,
          Buffer.from(whole).map((byte) => byte ^ 0x5a),
        ),
      empty: () => writeFile(path, ''),
    };
    for (const [name, make] of Object.entries(makers)) {
      await make();
      const before = (await contentsOf(cwd))['stigmem.db'];
      const args = ['restore', '--db', 'stigmem.db', '--pre-restore-backup', name, OFFLINE];
      expect([name, (await snapshot(args, { cwd })).status]).toEqual([name, 0]);
      expect(metaIn(path, 'node_id')).toBe(NODE_ID);
      if (name !== 'damaged') expect((await contentsOf(cwd))[name]).toBe(before);
    }
    expect((await snapshot(['restore', '--db', 'new.db', OFFLINE], { cwd })).status).toBe(0);
    expect(metaIn(join(cwd, 'new.db'), 'node_id')).toBe(NODE_ID);
    expect(await asides(cwd)).toEqual([]);
    expect((await readdir(cwd)).sort()).toEqual([...Object.keys(makers), 'new.db', 'stigmem.db'].sort());
  });
});
