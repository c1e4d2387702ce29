import { spawnSync } from 'node:child_process';
import { chmod, copyFile, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { newFolder } from '../snapshot/new-folder.ts';
import { TRUSTED, vector, verifyFile } from '../snapshot/vectors.ts';
import { run } from './spawn.ts';
import {
  change,
  contentsOf,
  failureOf,
  newDatabase,
  NODE_ID,
  SCRIPT,
  setMeta,
  snapshot,
} from './snapshot-scene.ts';

const SEED = 'efR1dNs9EJceM2Vu8qddqbEblv8eQHOvNrwNwdua3l0';
/** What belongs to `SEED`, and to the vector's `offline.key`. */
const SEED_KEY = TRUSTED[0]!;
const OFFLINE = vector('offline-signed.tar.gz');

describe('help', () => {
  const COMMANDS = ['create', 'list', 'restore', 'verify', 'keygen', 'trusted-keys', 'export-markdown'];

  test.each([['-help'], ...COMMANDS.map((name) => [name, '-help'])])(
    '%j fits 80 columns',
    async (...words) => {
      const { status, stdout, stderr } = await snapshot(words);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const row of stdout.split('\n')) expect(row.length, row).toBeLessThanOrEqual(80);
    },
  );

  test('of the group names its commands; help COMMAND is the same as COMMAND -help', async () => {
    const { stdout } = await snapshot(['-help']);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} +[a-z]`, 'm'));
    expect(await run(SCRIPT, ['help', 'snapshot'])).toMatchObject({ status: 0, stdout });
    const create = await snapshot(['create', '-help']);
    expect(await run(SCRIPT, ['help', 'snapshot', 'create'])).toMatchObject({
      status: 0,
      stdout: create.stdout,
    });
    expect(create.stdout).toContain('STIGMEM_DB_PATH');
    expect(create.stdout).toContain('STIGMEM_FEDERATION_PRIVKEY');
    const without = await snapshot([]);
    expect(without).toMatchObject({ status: 2, stdout: '', stderr: stdout });
  });

  test.each([[['snapshot', 'creat']], [['snapshot', 'creat', '-help']], [['help', 'snapshot', 'creat']]])(
    '%j is a mistake, and says which command is near',
    async (words) => {
      const { status, stdout, stderr } = await run(SCRIPT, words);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toBe(
        "Error: unknown command 'creat' (Did you mean create?)\nFor help: mesh-backup snapshot -help\n",
      );
    },
  );
});

describe('wrong words', () => {
  test.each([
    [['create']],
    [['create', 'stigmem.db']],
    [['create', '--db', '']],
    [['create', '--db', 'stigmem.db', '--out', '-']],
    [['create', '--db', 'stigmem.db', '--out', '']],
    [['create', '--db', 'stigmem.db', '--busy-timeout', 'soon']],
    [['create', '--db', 'stigmem.db', '--sign', 'k']],
    [['restore', '--db', 'stigmem.db']],
    [['restore', OFFLINE]],
    [['restore', '--db', 'stigmem.db', '--from', OFFLINE, OFFLINE]],
    [['restore', '--db', 'stigmem.db', OFFLINE, OFFLINE]],
    [['restore', '--db', 'stigmem.db', OFFLINE, '--pre-restore-backup', '-']],
    [['restore', '--db', 'stigmem.db', OFFLINE, '--pre-restore-backup=']],
    [['restore', '--db', 'stigmem.db', OFFLINE, '--max-bytes', 'much']],
    [['verify', OFFLINE, '--max-bytes', '-1']],
    [['list']],
    [['list', '.', '.']],
    [['keygen']],
    [['keygen', 'a', 'b']],
    [['trusted-keys']],
    [['trusted-keys', 'list']],
    [['trusted-keys', 'show', '--trusted-keys', 'k.json']],
    [['trusted-keys', 'add', '--trusted-keys', 'k.json']],
    [['trusted-keys', 'list', '--trusted-keys', 'k.json', SEED_KEY]],
  ])('%j: 2, a pointer to the help, and nothing is touched', async (args) => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    const before = await contentsOf(cwd);
    const { status, stdout, stderr } = await snapshot(args, { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Error: .*\n(For help: mesh-backup snapshot|--no-pre-restore-backup)/);
    expect(await failureOf(args, { cwd })).toEqual({ status: 2, code: 'USAGE' });
    expect(await contentsOf(cwd)).toEqual(before);
  });
});

describe('create', () => {
  test('prints what the node prints; names itself in a folder; says who signed', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    await mkdir(join(cwd, 'out'));
    const named = await snapshot(['create', '--db', 'stigmem.db', '--out', 'out/a.tar.gz'], { cwd });
    expect(named).toMatchObject({ status: 0, stdout: `snapshot created: ${cwd}/out/a.tar.gz\n` });
    expect(named.stderr).toMatch(/^⚠️ {2}Signed with a key made for it alone: .* \([\w-]{43}\)\n$/);
    const here = await snapshot(['create', '-db=stigmem.db'], { cwd });
    const [, file = ''] = /^snapshot created: (.*)\n$/.exec(here.stdout) ?? [];
    expect(file).toMatch(/\/stigmem-snapshot-\d{8}T\d{6}Z-[0-9a-f]{12}\.tar\.gz$/);
    expect((await verifyFile(file)).trust.by).toBe('own-word');
    const args = ['create', '--db', 'stigmem.db', '--out', 'out', '--json'];
    const { records, stderr } = await snapshot(args, { cwd });
    expect(stderr).toBe('');
    expect(records[0]).toMatchObject({ type: 'snapshot', ok: true, signedWith: 'made', migrations: 40 });
    expect(records[0]).not.toHaveProperty('trustedBy');
    expect(records[1]).toEqual({ type: 'summary', exitStatus: 0, file: records[0]!['file'] });
    expect((await readdir(cwd)).sort()).toEqual(['out', file.slice(cwd.length + 1), 'stigmem.db'].sort());
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('signs with the file, else the environment, else the node; nothing shows the secret half', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd, setMeta('federation_privkey', SEED) + setMeta('federation_pubkey', SEED_KEY));
    const publicKey = (await snapshot(['keygen', 'k'], { cwd })).stdout.trim();
    const secret = (await readFile(join(cwd, 'k'), 'utf8')).trim();
    const env = { STIGMEM_DB_PATH: 'stigmem.db', STIGMEM_FEDERATION_PRIVKEY: secret };
    const make = async (
      args: readonly string[],
      given: Readonly<Record<string, string>>,
    ): Promise<unknown> => {
      const { stdout, stderr, records } = await snapshot(['create', '--json', '--verbose', ...args], {
        cwd,
        env: given,
      });
      expect(stdout + stderr).not.toContain(secret);
      expect(stdout + stderr).not.toContain(SEED);
      return [records[0]!['signerKey'], records[0]!['signedWith']];
    };
    expect(await make(['--out', '1'], env)).toEqual([publicKey, 'given']);
    const other = { ...env, STIGMEM_FEDERATION_PRIVKEY: 'x'.repeat(43) };
    expect(await make(['--out', '2', '--sign-with', 'k'], other)).toEqual([publicKey, 'given']);
    for (const key of [{}, { STIGMEM_FEDERATION_PRIVKEY: '' }])
      expect(
        await make(['--out', `3${Object.keys(key).length}`], { STIGMEM_DB_PATH: 'stigmem.db', ...key }),
      ).toEqual([SEED_KEY, 'node']);
    const quiet = await snapshot(['create', '--out', '4'], { cwd, env });
    expect(quiet).toMatchObject({ status: 0, stderr: '' });
    const told = await snapshot(['create', '--out', '5', '--verbose'], { cwd, env });
    expect(told.stderr).toContain(`   signed with the key that was given (${publicKey})\n`);
    // --db goes before the environment.
    expect(await failureOf(['create', '--db', 'none.db'], { cwd, env })).toEqual({
      status: 16,
      code: 'FILE_UNREADABLE',
    });
    const bad = { ...env, STIGMEM_FEDERATION_PRIVKEY: `${secret}==` };
    const { status, stderr } = await snapshot(['create'], { cwd, env: bad });
    expect(status).toBe(2);
    expect(stderr).toContain('STIGMEM_FEDERATION_PRIVKEY holds no signing key');
    expect(stderr).not.toContain(secret);
  });

  test('what cannot be copied: its own code, nothing is touched', async () => {
    const cwd = await newFolder();
    const path = await newDatabase(cwd);
    change(path, 'PRAGMA journal_mode = WAL;');
    const whole = await readFile(path);
    await writeFile(join(cwd, 'empty.db'), '');
    await writeFile(join(cwd, 'cut.db'), whole.subarray(0, 100_000));
    await writeFile(join(cwd, 'short.db'), whole.subarray(0, 50));
    await writeFile(
      join(cwd, 'encrypted.db'),
      Buffer.from(whole).map((byte) => byte ^ 0x5a),
    );
    await writeFile(join(cwd, 'text.db'), 'no database\n');
    change(join(cwd, 'genesis.db'), 'CREATE TABLE schema_version(v); CREATE TABLE audit_events(e);');
    change(join(cwd, 'other.db'), 'CREATE TABLE a(b);');
    change(join(cwd, 'begun.db'), 'CREATE TABLE schema_migrations(version);');
    await mkdir(join(cwd, 'folder.db'));
    spawnSync('mkfifo', [join(cwd, 'fifo.db')]);
    await symlink('nowhere', join(cwd, 'link.db'));
    const before = await contentsOf(cwd);
    const codes: Record<string, unknown> = {};
    for (const name of Object.keys(before).filter((one) => one !== 'stigmem.db')) {
      codes[name] = await failureOf(['create', '--db', name, '--out', 'new.tar.gz'], { cwd });
    }
    expect(codes).toEqual({
      'begun.db': { status: 2, code: 'DATABASE_SCHEMA' },
      'cut.db': { status: 13, code: 'DATABASE_FORMAT' },
      'empty.db': { status: 13, code: 'DATABASE_FORMAT' },
      'encrypted.db': { status: 13, code: 'DATABASE_FORMAT' },
      'fifo.db': { status: 13, code: 'DATABASE_FORMAT' },
      'folder.db': { status: 13, code: 'DATABASE_FORMAT' },
      'genesis.db': { status: 2, code: 'DATABASE_SYSTEM' },
      'link.db': { status: 16, code: 'FILE_UNREADABLE' },
      'other.db': { status: 2, code: 'DATABASE_SYSTEM' },
      'short.db': { status: 13, code: 'DATABASE_FORMAT' },
      'text.db': { status: 13, code: 'DATABASE_FORMAT' },
    });
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('where it cannot go: its own code, nothing is touched', async () => {
    const cwd = await newFolder();
    const path = await newDatabase(cwd);
    await writeFile(join(cwd, 'taken'), 'mine');
    await link(path, join(cwd, 'hard'));
    await symlink('stigmem.db', join(cwd, 'soft'));
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    const before = await contentsOf(cwd);
    for (const [out, status, code] of [
      ['taken', 2, 'FILE_EXISTS'],
      ['stigmem.db', 2, 'SAME_FILE'],
      ['stigmem.db-wal', 2, 'SAME_FILE'],
      ['hard', 2, 'SAME_FILE'],
      ['soft', 2, 'SAME_FILE'],
      ['fifo', 16, 'FILE_UNWRITABLE'],
      ['/dev/null', 16, 'FILE_UNWRITABLE'],
      ['/dev/stdout', 16, 'FILE_UNWRITABLE'],
      ['none/', 16, 'FILE_UNWRITABLE'],
      ['none/a', 16, 'FILE_UNWRITABLE'],
    ] as const) {
      expect([out, await failureOf(['create', '--db', 'stigmem.db', '--out', out], { cwd })]).toEqual([
        out,
        { status, code },
      ]);
    }
    expect(await contentsOf(cwd)).toEqual(before);
  });

  test('key files that cannot be used', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    for (const [name, text, mode] of [
      ['open', `${SEED}\n`, 0o644],
      ['group', `${SEED}\n`, 0o440],
      ['empty', '', 0o400],
      ['padded', `${SEED}==\n`, 0o400],
      ['long', SEED.repeat(3), 0o400],
    ] as const) {
      await writeFile(join(cwd, name), text);
      await chmod(join(cwd, name), mode);
    }
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    const before = await contentsOf(cwd);
    for (const [name, status, code] of [
      ['open', 2, 'KEY_FILE_OPEN'],
      ['group', 2, 'KEY_FILE_OPEN'],
      ['empty', 2, 'KEY_FILE'],
      ['padded', 2, 'KEY_FILE'],
      ['long', 2, 'KEY_FILE'],
      ['fifo', 2, 'KEY_FILE'],
      ['.', 2, 'KEY_FILE'],
      ['none', 16, 'FILE_UNREADABLE'],
    ] as const) {
      const args = ['create', '--db', 'stigmem.db', '--sign-with', name];
      expect([name, await failureOf(args, { cwd })]).toEqual([name, { status, code }]);
      expect((await snapshot(args, { cwd })).stderr).not.toContain(SEED);
    }
    expect(await contentsOf(cwd)).toEqual(before);
  });
});

describe('verify', () => {
  test('says what the node’s documentation says', async () => {
    const { status, stdout, stderr } = await snapshot(['verify', OFFLINE]);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `OK: sha256 checksums valid, signature verified (key: ${NODE_ID})\n`,
      stderr: '',
    });
    const verbose = await snapshot(['verify', '--verbose', OFFLINE]);
    expect(verbose.stderr).toMatch(/^ {3}signed with [\w-]{43}: whose that is, --trusted-keys would say\n$/);
  });

  test.each([
    ['bad-checksum', 'checksum_error'],
    ['bad-signature', 'signature_mismatch'],
    ['edited-manifest', 'signature_mismatch'],
    ['extra-file', 'extra_file'],
    ['missing-artifact', 'missing_artifact'],
    ['no-manifest', 'no_manifest'],
    ['path-escape', 'unsafe_name'],
    ['symlink', 'not_a_file'],
    ['truncated', 'snapshot_cut'],
  ])('%s: %s, 13', async (name, failure) => {
    const file = vector(`${name}.tar.gz`);
    const { status, stdout, stderr } = await snapshot(['verify', file]);
    expect({ status, stdout }).toEqual({ status: 13, stdout: `FAILED: ${failure}\n` });
    expect(stderr).toMatch(/^Error: The |^Error: artifacts/);
    const { records } = await snapshot(['verify', '--json', file]);
    expect(records).toMatchObject([
      { type: 'snapshot', file, ok: false, failure, code: failure.toUpperCase() },
      { type: 'summary', exitStatus: 13, snapshots: 1 },
    ]);
  });

  test('what is no snapshot: says what it seems to be', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    await writeFile(join(cwd, 'empty'), '');
    spawnSync('mkfifo', [join(cwd, 'fifo')]);
    for (const [file, status, failure, why] of [
      ['empty', 13, 'snapshot_format', 'it is empty.'],
      [
        'stigmem.db',
        13,
        'snapshot_format',
        'it is not compressed with gzip.\nIs it encrypted, or something else?',
      ],
      ['fifo', 13, 'snapshot_format', 'a pipe'],
      ['.', 13, 'snapshot_format', 'a folder'],
      ['none', 16, 'file_unreadable', 'none'],
    ] as const) {
      const finished = await snapshot(['verify', file], { cwd });
      expect(finished).toMatchObject({ status, stdout: `FAILED: ${failure}\n` });
      expect(finished.stderr).toContain(why);
    }
  });

  test('whom it trusts: keys given one by one, or in a file, and no others', async () => {
    const cwd = await newFolder();
    const own = vector('self-signed.tar.gz');
    const list = vector('trusted-keys.json');
    const { signerKey } = (await verifyFile(own)).manifest;
    const offlineKey = (await verifyFile(OFFLINE)).manifest.signerKey;
    expect(TRUSTED).toEqual([offlineKey]);
    await writeFile(join(cwd, 'none.json'), '[]');
    await writeFile(join(cwd, 'bad.json'), `["${offlineKey}", "x"]`);
    const statusOf = async (...args: string[]): Promise<number | null> =>
      (await snapshot(['verify', ...args], { cwd })).status;
    expect(await statusOf('--trusted-keys', list, OFFLINE)).toBe(0);
    expect(await statusOf('--trusted-keys', list, own)).toBe(12);
    expect(await statusOf('--trusted-keys', list, '--trusted-key', signerKey, own)).toBe(0);
    expect(await statusOf('--trusted-key', signerKey, '--trusted-key', offlineKey, OFFLINE, own)).toBe(0);
    expect(await statusOf('--trusted-keys', 'none.json', OFFLINE)).toBe(12);
    const { stdout, stderr } = await snapshot(['verify', '--trusted-keys', list, OFFLINE, own, 'none'], {
      cwd,
    });
    expect(stdout).toBe(
      `${OFFLINE}: OK: sha256 checksums valid, signature verified (key: ${NODE_ID})\n` +
        `${own}: FAILED: untrusted_key\nnone: FAILED: file_unreadable\n`,
    );
    // stdout may be elsewhere: stderr names the files, too.
    expect(stderr).toContain(
      `Error: ${own}: The snapshot is signed with ${signerKey}, which is not trusted.`,
    );
    const { records } = await snapshot(['verify', '--json', '--trusted-keys', list, OFFLINE, own], { cwd });
    expect(records).toMatchObject([
      { ok: true, trustedBy: 'trusted-keys', signerKey: offlineKey, nodeId: NODE_ID },
      { ok: false, code: 'UNTRUSTED_KEY' },
      { type: 'summary', exitStatus: 12, snapshots: 2 },
    ]);
    for (const name of ['bad.json', OFFLINE]) {
      expect(await failureOf(['verify', '--trusted-keys', name, OFFLINE], { cwd })).toEqual({
        status: 2,
        code: 'TRUSTED_KEYS',
      });
    }
    expect(await failureOf(['verify', '--trusted-keys', 'none', OFFLINE], { cwd })).toEqual({
      status: 16,
      code: 'FILE_UNREADABLE',
    });
    const mistaken = await snapshot(['verify', '--trusted-key', `${SEED}=`, OFFLINE], { cwd });
    expect(mistaken.status).toBe(2);
    expect(mistaken.stderr).toMatch(/^Error: What was given is no public key\.\nWant 43 characters/);
    expect(mistaken.stderr).not.toContain(SEED);
  });

  test('--max-bytes; no file at all', async () => {
    expect(await failureOf(['verify', '--max-bytes', '1kB', OFFLINE])).toEqual({
      status: 13,
      code: 'SNAPSHOT_TOO_LARGE',
    });
    expect((await snapshot(['verify', '--max-bytes', '1MB', OFFLINE])).status).toBe(0);
    const { status, stdout, stderr } = await snapshot(['verify']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: mesh-backup snapshot verify/);
  });
});

describe('list', () => {
  async function newShelf(): Promise<string> {
    const folder = await newFolder();
    for (const name of ['offline-signed', 'self-signed', 'bad-checksum', 'extra-file'])
      await copyFile(vector(`${name}.tar.gz`), join(folder, `${name}.tar.gz`));
    await writeFile(join(folder, 'notes.txt'), 'x');
    return folder;
  }

  test('a table for people: the newest first; what is no snapshot is not counted', async () => {
    const folder = await newShelf();
    const { status, stdout, stderr } = await snapshot(['list', folder]);
    expect({ status, stderr }).toEqual({ status: 13, stderr: 'Error: Of 3 snapshots, 1 do not verify.\n' });
    const rows = stdout.split('\n').slice(0, -1);
    expect(rows[0]).toMatch(/^CREATED +VERDICT +SIZE +KEY +NODE +FILE$/);
    expect(rows).toHaveLength(5);
    const good = rows.findIndex((row) => row.endsWith('offline-signed.tar.gz'));
    expect(rows[good]).toMatch(
      /^2026-11-21T00:15:51 +whole +21 kB +\S{8} +b76e8a14 +offline-signed\.tar\.gz$/,
    );
    expect(rows[good + 1]).toMatch(/self-signed\.tar\.gz$/);
    expect(stdout).toMatch(/checksum_error +21 kB .* bad-checksum/);
    expect(stdout).toMatch(/no snapshot +21 kB .* extra-file/);
    const strict = await snapshot(['list', folder, '--trusted-keys', vector('trusted-keys.json')]);
    expect(strict.stdout).toMatch(/trusted +21 kB .* offline-signed/);
    expect(strict.stdout).toMatch(/untrusted_key +21 kB .* self-signed/);
    expect(stdout).not.toContain('\u001b');
    expect((await snapshot(['list', folder, '--color', 'always'])).stdout).toContain('\u001b');
    const shown = async (env: Record<string, string>): Promise<string> =>
      (await snapshot(['list', folder], { env })).stdout;
    expect(await shown({ FORCE_COLOR: '1' })).toContain('\u001b');
    expect(await shown({ NO_COLOR: '1' })).not.toContain('\u001b');
  });

  test('records for scripts, the summary last', async () => {
    const { status, records } = await snapshot(['list', '--json', await newShelf()]);
    expect(status).toBe(13);
    const byFile = new Map(records.map((record) => [record['file'], record]));
    expect(byFile.get('offline-signed.tar.gz')).toMatchObject({
      type: 'snapshot',
      kind: 'good',
      ok: true,
      bytes: 21098,
    });
    expect(byFile.get('bad-checksum.tar.gz')).toMatchObject({
      kind: 'bad',
      ok: false,
      code: 'CHECKSUM_ERROR',
    });
    expect(byFile.get('extra-file.tar.gz')).toMatchObject({ kind: 'other', ok: false, code: 'EXTRA_FILE' });
    expect(records.at(-2)).toMatchObject({ type: 'error', code: 'NOT_VERIFIED', exitStatus: 13 });
    expect(records.at(-1)).toEqual({ type: 'summary', exitStatus: 13, snapshots: 3, bad: 1 });
  });

  test('an empty folder, none, a file', async () => {
    const folder = await newFolder();
    expect(await snapshot(['list', folder])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: `No snapshots in ${folder}\n`,
    });
    expect(await failureOf(['list', join(folder, 'none')])).toEqual({ status: 16, code: 'FILE_UNREADABLE' });
    expect(await failureOf(['list', OFFLINE])).toEqual({ status: 16, code: 'FILE_UNREADABLE' });
  });
});

describe('keys', () => {
  test('keygen: 0400, the public half to stdout, never over a file', async () => {
    const cwd = await newFolder();
    const { status, stdout, stderr } = await snapshot(['keygen', 'k'], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]{43}\n$/);
    expect((await stat(join(cwd, 'k'))).mode & 0o777).toBe(0o400);
    const secret = await readFile(join(cwd, 'k'), 'utf8');
    expect(secret).toMatch(/^[\w-]{43}\n$/);
    expect(secret).not.toBe(stdout);
    expect(await failureOf(['keygen', 'k'], { cwd })).toEqual({ status: 2, code: 'FILE_EXISTS' });
    expect(await readFile(join(cwd, 'k'), 'utf8')).toBe(secret);
    expect(await failureOf(['keygen', 'none/k'], { cwd })).toEqual({ status: 16, code: 'FILE_UNWRITABLE' });
    const { records } = await snapshot(['keygen', '--json', 'other'], { cwd });
    expect(records).toEqual([
      {
        type: 'summary',
        exitStatus: 0,
        file: 'other',
        publicKey: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      },
    ]);
  });

  test('trusted-keys: a rotation from the first key to the last', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    const [one, two] = [
      await snapshot(['keygen', '1'], { cwd }),
      await snapshot(['keygen', '2'], { cwd }),
    ].map(({ stdout }) => stdout.trim()) as [string, string];
    const edit = (...args: string[]): ReturnType<typeof snapshot> =>
      snapshot(['trusted-keys', ...args, '--trusted-keys', 'k.json'], { cwd });
    const verify = async (name: string): Promise<number | null> =>
      (await snapshot(['verify', '--trusted-keys', 'k.json', name], { cwd })).status;
    for (const name of ['1', '2'])
      await snapshot(['create', '--db', 'stigmem.db', '--sign-with', name, '--out', `${name}.tar.gz`], {
        cwd,
      });
    expect(await edit('add', one)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect([await verify('1.tar.gz'), await verify('2.tar.gz')]).toEqual([0, 12]);
    expect((await edit('add', two)).status).toBe(0);
    expect(await edit('add', two)).toMatchObject({ status: 0, stderr: 'It is there already.\n' });
    expect(await edit('list')).toMatchObject({ status: 0, stdout: `${one}\n${two}\n` });
    expect([await verify('1.tar.gz'), await verify('2.tar.gz')]).toEqual([0, 0]);
    expect((await edit('remove', one)).status).toBe(0);
    expect(await edit('remove', one)).toMatchObject({ status: 0, stderr: 'It is not on the list.\n' });
    expect([await verify('1.tar.gz'), await verify('2.tar.gz')]).toEqual([12, 0]);
    expect((await edit('list', '--json')).records).toEqual([
      { type: 'summary', exitStatus: 0, file: 'k.json', keys: [two], hasChanged: false },
    ]);
    expect((await edit('remove', two)).stderr).toContain('no snapshot is trusted');
    const before = await contentsOf(cwd);
    expect(await failureOf(['trusted-keys', 'add', 'x', '--trusted-keys', 'k.json'], { cwd })).toEqual({
      status: 2,
      code: 'TRUSTED_KEYS',
    });
    expect(await failureOf(['trusted-keys', 'list', '--trusted-keys', 'none'], { cwd })).toEqual({
      status: 16,
      code: 'FILE_UNREADABLE',
    });
    expect(await failureOf(['trusted-keys', 'remove', one, '--trusted-keys', 'none'], { cwd })).toEqual({
      status: 16,
      code: 'FILE_UNREADABLE',
    });
    expect(await contentsOf(cwd)).toEqual(before);
  });
});

describe('streams', () => {
  const PATH = fileURLToPath(new URL(`../../${SCRIPT}`, import.meta.url));
  const sh = (script: string): ReturnType<typeof run> =>
    run(
      'bash',
      ['--norc', '-c', script, 'sh', process.execPath, PATH, ...Array.from({ length: 3 }, () => OFFLINE)],
      {
        isScript: false,
      },
    );

  test('a reader that goes away ends it quietly, with 141', async () => {
    const { stdout, stderr } = await sh(
      '"$1" "$2" snapshot verify "${@:3}" | head -c 0; echo "${PIPESTATUS[0]}"',
    );
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });

  test.skipIf(process.platform !== 'linux')('a full disk behind stdout is told, with 16', async () => {
    const { stdout, stderr } = await sh('"$1" "$2" snapshot verify "$3" > /dev/full; echo "$?"');
    expect(stdout).toBe('16\n');
    expect(stderr).toContain('Error: Cannot write the output');
  });
});

describe('without better-sqlite3', () => {
  const before = `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      "export const resolve = (name, context, next) => { if (name === 'better-sqlite3') throw new Error('no'); return next(name, context); }"));`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(before)}` };

  test('what needs it says so and touches nothing; all else works', async () => {
    const cwd = await newFolder();
    await newDatabase(cwd);
    const contents = await contentsOf(cwd);
    for (const args of [
      ['create', '--db', 'stigmem.db'],
      ['restore', '--db', 'stigmem.db', OFFLINE],
      ['restore', '--db', 'stigmem.db', OFFLINE, '--dry-run'],
      ['restore', '--db', 'new.db', OFFLINE],
    ]) {
      expect(await failureOf(args, { cwd, env })).toEqual({ status: 1, code: 'SQLITE_MISSING' });
      expect((await snapshot(args, { cwd, env })).stderr).toContain('npm rebuild better-sqlite3');
    }
    expect(await contentsOf(cwd)).toEqual(contents);
    expect((await snapshot(['verify', OFFLINE], { env })).status).toBe(0);
    expect((await snapshot(['list', cwd], { env })).status).toBe(0);
    expect((await snapshot(['keygen', 'k'], { cwd, env })).status).toBe(0);
    await writeFile(join(cwd, 'events.jsonl'), '');
    for (const [words, status] of [
      [['-help'], 0],
      [['snapshot', 'create', '-help'], 0],
      [['stats', 'events.jsonl'], 0],
      [['dump-events', '-name', 'x'], 2],
    ] as const) {
      const finished = await run(SCRIPT, words, { cwd, env });
      expect(finished.stderr).not.toContain('sqlite');
      expect([words, finished.status]).toEqual([words, status]);
    }
  });
});
