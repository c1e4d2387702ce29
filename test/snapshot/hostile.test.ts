import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { makeCursor } from '../../src/snapshot/cursor.ts';
import { makeManifest } from '../../src/snapshot/make-manifest.ts';
import { parseSigningKey } from '../../src/keys/signing-key.ts';
import { newFolder } from './new-folder.ts';
import { END, entry, gz, header, pax } from './raw-tar.ts';
import { codeOf, MAX_BYTES, readVector, verifyFile } from './vectors.ts';

const DATABASE = Buffer.from('database '.repeat(100));
const CURSOR = makeCursor(['001_init']);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const MANIFEST = makeManifest(
  { createdAtUs: 0n, nodeId: '', databaseSha256: sha256(DATABASE), cursorSha256: sha256(CURSOR) },
  parseSigningKey('A'.repeat(43), 'the test'),
);

const manifest = entry({ name: 'manifest.json' }, MANIFEST);
const folder = entry({ name: 'artifacts/', type: '5', mode: '0000755\0' });
const cursor = entry({ name: 'artifacts/schema_migration_cursor.json' }, CURSOR);
const database = entry({ name: 'artifacts/stigmem.db' }, DATABASE);
const GOOD = [manifest, folder, cursor, database];

async function verdict(file: Buffer, maxBytes = MAX_BYTES): Promise<unknown> {
  const path = join(await newFolder(), 'a.tar.gz');
  await writeFile(path, file);
  return codeOf(verifyFile(path, { kind: 'default' }, maxBytes));
}

describe('what is no attack', () => {
  test.each<[string, Buffer[]]>([
    ['as the node writes it', GOOD],
    ['the manifest last', [folder, database, cursor, manifest]],
    ['no entry for the folder', [manifest, cursor, database]],
    [
      'the folder last, without a slash',
      [manifest, cursor, database, entry({ name: 'artifacts', type: '5' })],
    ],
    [
      'times and owners in records',
      [pax(['mtime', '1795220151.9334478'], ['uname', 'jürgen'], ['uid', '1234567890']), ...GOOD],
    ],
    [
      'small times, and names that are bytes',
      [pax(['mtime', '1e-07'], ['ctime', '1.5e-07'], ['hdrcharset', 'BINARY']), ...GOOD],
    ],
    ['records without a record', [entry({ name: 'x', type: 'x' }), ...GOOD]],
    [
      'GNU’s magic',
      [entry({ name: 'manifest.json', magic: 'ustar  \0' }, MANIFEST), folder, cursor, database],
    ],
  ])('%s', async (_, parts) => {
    expect(await verdict(gz(...parts, END))).toBe('OK');
  });

  test('a long end, as tar writes it; several gzip members', async () => {
    expect(await verdict(gz(...GOOD, Buffer.alloc(10240)))).toBe('OK');
    const tar = Buffer.concat([...GOOD, END]);
    for (const at of [0, 1, 512, 1000, tar.length]) {
      const members = [gzipSync(tar.subarray(0, at)), gzipSync(tar.subarray(at))];
      expect(await verdict(Buffer.concat(members))).toBe('OK');
    }
  });
});

describe('names', () => {
  test.each([
    '/etc/passwd',
    '../escaped',
    'artifacts/../../escaped',
    'a/../b',
    'artifacts/..',
    './manifest.json',
    'artifacts//stigmem.db',
    'artifacts/./stigmem.db',
    'artifacts\\stigmem.db',
    'C:stigmem.db',
    'artifacts/stigmem.db/',
    'artifacts/stigmem.db ü',
    'a\nb',
    'a\x1b[2J',
    '',
    '.',
    '/',
  ])('%j', async (name) => {
    expect(await verdict(gz(...GOOD, entry({ name }, 'x'), END))).toBe('UNSAFE_NAME');
    expect(await verdict(gz(entry({ name, type: '2', link: 'x' }), ...GOOD, END))).toBe('UNSAFE_NAME');
  });

  test.each<[string, Buffer, string]>([
    ['in a record', Buffer.concat([pax(['path', '../escaped']), database]), 'UNSAFE_NAME'],
    [
      'in a record, the same',
      Buffer.concat([pax(['path', 'artifacts/stigmem.db']), database]),
      'UNSAFE_NAME',
    ],
    [
      'in a record, behind others',
      Buffer.concat([pax(['mtime', '1'], ['path', 'x']), database]),
      'UNSAFE_NAME',
    ],
    [
      'GNU’s long name',
      Buffer.concat([entry({ name: '././@LongLink', type: 'L' }, '../escaped\0'), database]),
      'UNSAFE_NAME',
    ],
    [
      'old GNU’s long name',
      Buffer.concat([entry({ name: 'x', type: 'N' }, '../escaped\0'), database]),
      'UNSAFE_NAME',
    ],
    ['with a prefix', entry({ name: 'stigmem.db', prefix: 'artifacts' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['behind its end', entry({ name: 'artifacts/stigmem.db\0x' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['of no file', entry({ name: 'artifacts/other' }, DATABASE), 'EXTRA_FILE'],
    ['of another folder', entry({ name: 'other/', type: '5' }), 'EXTRA_FILE'],
    ['a folder that should be a file', entry({ name: 'artifacts/stigmem.db', type: '5' }), 'EXTRA_FILE'],
    ['a file that should be a folder', entry({ name: 'artifacts' }, 'x'), 'EXTRA_FILE'],
  ])('%s', async (_, part, code) => {
    expect(await verdict(gz(manifest, cursor, part, END))).toBe(code);
  });

  test.each<[string, Buffer]>([
    ['manifest', manifest],
    ['database', database],
    ['another database', entry({ name: 'artifacts/stigmem.db' }, 'another')],
    ['folder', folder],
    ['folder, spelled otherwise', entry({ name: 'artifacts', type: '5' })],
    ['capitals', entry({ name: 'Artifacts/STIGMEM.db' }, DATABASE)],
  ])('twice: %s', async (_, part) => {
    expect(await verdict(gz(...GOOD, part, END))).toBe('DUPLICATE_FILE');
  });
});

describe('what is no file', () => {
  test.each(['1', '2', '3', '4', '6', '7', 'S', 'D', 'M', 'V', 'Z', '\0', 'A'])('type %j', async (type) => {
    const part = entry({
      name: 'artifacts/stigmem.db',
      type,
      link: type === '1' || type === '2' ? '/etc/passwd' : '',
    });
    expect(await verdict(gz(manifest, cursor, part, END))).toBe('NOT_A_FILE');
  });

  test.each<[string, Buffer]>([
    ['a link in a file’s header', entry({ name: 'artifacts/stigmem.db', link: 'x' }, DATABASE)],
    ['a link in a record', Buffer.concat([pax(['linkpath', '/etc/passwd']), database])],
    ['a long link', Buffer.concat([entry({ name: '././@LongLink', type: 'K' }, '/etc/passwd\0'), database])],
    ['sparse 0.0', Buffer.concat([pax(['GNU.sparse.size', '10'], ['GNU.sparse.numblocks', '0']), database])],
    ['sparse 0.1', Buffer.concat([pax(['GNU.sparse.map', '0,1']), database])],
    ['sparse 1.0', Buffer.concat([pax(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0']), database])],
    ['sparse name', Buffer.concat([pax(['GNU.sparse.name', '../x']), database])],
  ])('%s', async (_, part) => {
    expect(await verdict(gz(manifest, cursor, part, END))).toBe('NOT_A_FILE');
  });
});

describe('headers and sizes that lie', () => {
  const name = 'artifacts/stigmem.db';
  test.each<[string, Buffer, string]>([
    ['negative', entry({ name, size: '-0000001604\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['base-256', entry({ name, size: `\x80${'\0'.repeat(9)}\x03\x84` }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['base-256, negative', entry({ name, size: '\xff'.repeat(12) }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['Python’s underscores', entry({ name, size: '0000_001604\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['Python’s prefix', entry({ name, size: '0o00001604\0\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['no octal digit', entry({ name, size: '00000001608\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['none', entry({ name, size: '\0'.repeat(12) }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['behind its end', entry({ name, size: '1604\x0000000\0\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['huge', header({ name, size: '77777777777\0' }), 'SNAPSHOT_TOO_LARGE'],
    ['larger than the archive', header({ name, size: 2048 }), 'SNAPSHOT_CUT'],
    ['another one in a record', Buffer.concat([pax(['size', '900']), database]), 'SNAPSHOT_FORMAT'],
    ['a negative one in a record', Buffer.concat([pax(['size', '-1']), database]), 'SNAPSHOT_FORMAT'],
    [
      'a large one in a record as well',
      Buffer.concat([pax(['size', '8589934592']), database]),
      'SNAPSHOT_FORMAT',
    ],
    [
      'a large one in a record',
      Buffer.concat([pax(['size', '8589934592']), header({ name })]),
      'SNAPSHOT_TOO_LARGE',
    ],
    [
      'one that no number holds',
      Buffer.concat([pax(['size', '9999999999999999']), header({ name })]),
      'SNAPSHOT_FORMAT',
    ],
    [
      'a small one in a record alone',
      Buffer.concat([pax(['size', '900']), header({ name }), database.subarray(512)]),
      'SNAPSHOT_FORMAT',
    ],
    ['a large folder', Buffer.concat([pax(['size', '8589934592']), folder]), 'SNAPSHOT_FORMAT'],
    ['a folder with content', entry({ name: 'artifacts/', type: '5' }, 'x'), 'SNAPSHOT_FORMAT'],
    ['a folder that only says so', header({ name: 'artifacts/', type: '5', size: 1024 }), 'SNAPSHOT_FORMAT'],
    ['wrong checksum', entry({ name, checksum: '000000\0 ' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['no checksum', entry({ name, checksum: '\0'.repeat(8) }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['no magic', entry({ name, magic: '\0'.repeat(8) }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['a mode that is none', entry({ name, mode: 'rw-r--r-' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['a time that is none', entry({ name, mtime: 'yesterday\0\0\0' }, DATABASE), 'SNAPSHOT_FORMAT'],
    ['something at its end', entry({ name, patch: [505, 'x'] }, DATABASE), 'SNAPSHOT_FORMAT'],
    [
      'something in the padding',
      Buffer.concat([entry({ name }, DATABASE).subarray(0, -1), Buffer.from('x')]),
      'SNAPSHOT_FORMAT',
    ],
  ])('%s', async (_, part, code) => {
    expect(await verdict(gz(manifest, cursor, part, END))).toBe(code);
  });
});

describe('records', () => {
  const x = (content: string, more: object = {}): Buffer => entry({ name: 'x', type: 'x', ...more }, content);
  test.each<[string, Buffer[]]>([
    ['for all', [entry({ name: 'x', type: 'g' }, '9 mtime=1\n'), ...GOOD]],
    ['Sun’s', [entry({ name: 'x', type: 'X' }, '9 mtime=1\n'), ...GOOD]],
    ['behind records', [pax(['mtime', '1']), pax(['mtime', '1']), ...GOOD]],
    ['none behind records', [pax(['mtime', '1']), entry({ name: 'x', type: 'x' }), ...GOOD]],
    ['too many', [pax(['uname', 'x'.repeat(65 * 1024)]), ...GOOD]],
    ['of an unknown kind', [pax(['SCHILY.xattr.a', 'x']), ...GOOD]],
    ['of another character set', [pax(['hdrcharset', 'ISO-IR 8859 1 1998']), ...GOOD]],
    ['twice', [pax(['mtime', '1'], ['mtime', '2']), ...GOOD]],
    ['a time that Python fails at', [pax(['mtime', 'inf']), ...GOOD]],
    ['a time that no system has', [pax(['mtime', '99999999999999999999']), ...GOOD]],
    ['too long', [x('99 mtime=1\n'), ...GOOD]],
    ['too short', [x('8 mtime=1\n'), ...GOOD]],
    ['of length 0', [x('0 mtime=1\n'), ...GOOD]],
    ['without a length', [x('mtime=1\n'), ...GOOD]],
    ['without a name', [x('5 =1\n\n'), ...GOOD]],
    ['without a value', [x('8 mtime\n'), ...GOOD]],
    [
      'in the padding',
      [
        Buffer.concat([
          header({ name: 'x', type: 'x', size: 9 }),
          Buffer.from('9 mtime=112 path=../x\n'.padEnd(512, '\0')),
        ]),
        ...GOOD,
      ],
    ],
    ['of nothing', [...GOOD, pax(['mtime', '1'])]],
  ])('%s', async (_, parts) => {
    expect(await verdict(gz(...parts, END))).toMatch(/^SNAPSHOT_(FORMAT|CUT)$/);
  });
});

test('a manifest that does not name an artifact', async () => {
  const text = JSON.parse(MANIFEST.toString()) as { artifacts: Record<string, string> };
  Reflect.deleteProperty(text.artifacts, 'artifacts/schema_migration_cursor.json');
  const short = entry({ name: 'manifest.json' }, JSON.stringify(text));
  expect(await verdict(gz(short, cursor, database, END))).toBe('EXTRA_FILE');
  expect(await verdict(gz(short, database, END))).toBe('MISSING_ARTIFACT');
});

describe('ends', () => {
  const tar = Buffer.concat([...GOOD, END]);

  test('cut at every block: told, whether gzip is whole or not', async () => {
    for (let at = 0; at < tar.length; at += 512) {
      expect(await verdict(gz(tar.subarray(0, at)))).toBe('SNAPSHOT_CUT');
    }
    for (const at of [1, 100, 511, 513, 700, tar.length - 1])
      expect(await verdict(gz(tar.subarray(0, at)))).toBe('SNAPSHOT_CUT');
    const file = gz(tar);
    for (let at = 1; at < file.length; at += 11)
      expect(await verdict(file.subarray(0, at))).toBe('SNAPSHOT_CUT');
  });

  test.each<[string, Buffer, string]>([
    ['an entry behind the end', gz(tar, database, END), 'SNAPSHOT_FORMAT'],
    ['an entry behind one block of zeros', gz(...GOOD, Buffer.alloc(512), database, END), 'SNAPSHOT_FORMAT'],
    ['one byte behind the end', gz(tar, Buffer.from('x'), Buffer.alloc(511)), 'SNAPSHOT_FORMAT'],
    ['half a block behind the end', gz(tar, Buffer.alloc(100)), 'SNAPSHOT_CUT'],
    ['one byte behind gzip', Buffer.concat([gz(tar), Buffer.from('x')]), 'SNAPSHOT_CUT'],
    ['bytes behind gzip', Buffer.concat([gz(tar), Buffer.from('xx')]), 'SNAPSHOT_FORMAT'],
    // Padding, for gzip and Python, too.
    ['zeros behind gzip', Buffer.concat([gz(tar), Buffer.alloc(512)]), 'OK'],
    ['zeros and more behind gzip', Buffer.concat([gz(tar), Buffer.alloc(512), gz(tar)]), 'SNAPSHOT_FORMAT'],
    ['a second archive', Buffer.concat([gz(tar), gz(tar)]), 'SNAPSHOT_FORMAT'],
    ['no gzip', tar, 'SNAPSHOT_FORMAT'],
    ['gzip in gzip', gzipSync(gz(tar)), 'SNAPSHOT_FORMAT'],
    ['nothing but an end', gz(END), 'NO_MANIFEST'],
    ['nothing', gz(), 'SNAPSHOT_CUT'],
  ])('%s', async (_, file, code) => {
    expect(await verdict(file)).toBe(code);
  });

  test('too large: by what it says, and by what comes out of it', async () => {
    expect(await verdict(gz(tar), tar.length)).toBe('OK');
    expect(await verdict(gz(tar), tar.length - 1)).toBe('SNAPSHOT_TOO_LARGE');
    const bomb = gz(...GOOD, Buffer.alloc(MAX_BYTES));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await verdict(bomb)).toBe('SNAPSHOT_TOO_LARGE');
    const name = 'artifacts/stigmem.db';
    expect(await verdict(gz(manifest, header({ name, size: MAX_BYTES })))).toBe('SNAPSHOT_TOO_LARGE');
  });
});

describe('any damage', () => {
  async function sums(path: string): Promise<unknown> {
    try {
      return (await verifyFile(path)).artifacts;
    } catch (error) {
      if (error instanceof MeshBackupError) return error.code;
      throw error;
    }
  }

  test.each<[string, Buffer, number]>([
    ['a small one', gz(...GOOD, END), 1000],
    ['a real one', readVector('offline-signed.tar.gz'), 30],
  ])('%s: refused, or nothing has changed', async (_, file, numRuns) => {
    const path = join(await newFolder(), 'a.tar.gz');
    await writeFile(path, file);
    const good = await sums(path);
    expect(good).toHaveProperty(['artifacts/stigmem.db']);
    const tar = gunzipSync(file);
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), async (places, isInside) => {
        const damaged = Buffer.from(isInside ? tar : file);
        for (const [at, change] of places) damaged[at % damaged.length]! ^= change;
        await writeFile(path, isInside ? gzipSync(damaged, { level: 1 }) : damaged);
        const found = await sums(path);
        if (typeof found !== 'string') expect(found).toEqual(good);
      }),
      { numRuns },
    );
  });
});
