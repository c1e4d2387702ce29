import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sealRecord, type RecordKind } from '../../src/keys/sealed-record.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';
import { checkBundle, type CheckedBundle } from '../../src/managed/bundle-check.ts';
import { Bundle } from '../../src/managed/bundle.ts';
import { newFolder } from './authority.ts';

const signer = newSigningKey();
const check = (folder: string): Promise<CheckedBundle> => checkBundle(folder, new AbortController().signal);

async function newBundle(kind: RecordKind = 'incident'): Promise<string> {
  const path = join(newFolder(), 'bundle');
  const bundle = await Bundle.begin(path);
  await bundle.add('audit.jsonl', Buffer.from('{}\n'));
  await bundle.add('nodes.json', Buffer.from('[]'));
  await bundle.commit(kind, {}, signer);
  return path;
}

test.each(['incident', 'drill'] as const)('a good one: %s', async (kind) => {
  expect(await check(await newBundle(kind))).toEqual({ kind, key: signer.publicKey, files: 2, flaws: [] });
});

/** A bundle whose record somebody made who has the key. */
function forged(payload: unknown, sign: typeof signer | undefined = signer): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'drill.jsonl'), sealRecord('drill', JSON.stringify(payload), sign));
  return folder;
}

test.each<[string, (folder: string) => unknown, string[]]>([
  [
    'changed',
    (folder) => {
      writeFileSync(join(folder, 'nodes.json'), '{}');
    },
    ['nodes.json: its SHA-256 is another'],
  ],
  [
    'longer',
    (folder) => {
      appendFileSync(join(folder, 'nodes.json'), ' ');
    },
    ['nodes.json: it has 3 bytes, not 2'],
  ],
  [
    'missing',
    (folder) => {
      rmSync(join(folder, 'nodes.json'));
    },
    ['nodes.json: it is missing'],
  ],
  [
    'extra',
    (folder) => {
      writeFileSync(join(folder, 'more'), '');
    },
    ['more: the record does not name it'],
  ],
  [
    'renamed',
    (folder) => {
      renameSync(join(folder, 'nodes.json'), join(folder, 'crl.json'));
    },
    ['nodes.json: it is missing', 'crl.json: the record does not name it'],
  ],
  [
    'a link to the very same bytes',
    (folder) => {
      renameSync(join(folder, 'nodes.json'), join(folder, '..', 'nodes.json'));
      symlinkSync('../nodes.json', join(folder, 'nodes.json'));
    },
    ['nodes.json: it is no plain file'],
  ],
  [
    'a folder',
    (folder) => {
      rmSync(join(folder, 'nodes.json'));
      mkdirSync(join(folder, 'nodes.json'));
    },
    ['nodes.json: it is no plain file'],
  ],
  [
    'another, in the sums',
    (folder) => {
      const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
      writeFileSync(
        join(folder, 'SHA256SUMS'),
        sums.replace(/^[\da-f]/, (digit) => (digit === '0' ? '1' : '0')),
      );
    },
    ['SHA256SUMS: its SHA-256 is another'],
  ],
  [
    'without sums',
    (folder) => {
      rmSync(join(folder, 'SHA256SUMS'));
    },
    ['SHA256SUMS: it is missing'],
  ],
])('a file that is %s is told', async (_, spoil, flaws) => {
  const folder = await newBundle();
  spoil(folder);
  expect(await check(folder)).toEqual({ kind: 'incident', key: signer.publicKey, files: 2, flaws });
});

test.each<[string, (record: string) => void, string]>([
  [
    'edited',
    (path) => {
      writeFileSync(path, readFileSync(path, 'utf8').replace('audit', 'other'));
    },
    'its signature is false',
  ],
  [
    'a link',
    (path) => {
      renameSync(path, join(path, '../../record'));
      symlinkSync('../record', path);
    },
    'it is no plain file',
  ],
  [
    'a pipe',
    (path) => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
    'it is no plain file',
  ],
  [
    'empty',
    (path) => {
      writeFileSync(path, '');
    },
    'its first line has no end',
  ],
])('a record that is %s: nothing that it names counts', async (_, spoil, flaw) => {
  const folder = await newBundle();
  spoil(join(folder, 'incident.jsonl'));
  const flaws = [`incident.jsonl: ${flaw}`];
  expect(await check(folder)).toEqual({ kind: 'incident', key: undefined, files: 0, flaws });
});

test('a record of the other kind under this name', async () => {
  const folder = await newBundle('drill');
  renameSync(join(folder, 'drill.jsonl'), join(folder, 'incident.jsonl'));
  expect((await check(folder)).flaws).toEqual(['incident.jsonl: its signature is false']);
});

test('both records: one of them is too many', async () => {
  const folder = await newBundle('drill');
  const other = await newBundle('incident');
  writeFileSync(join(folder, 'incident.jsonl'), readFileSync(join(other, 'incident.jsonl')));
  expect((await check(folder)).flaws).toContain('drill.jsonl: the record does not name it');
});

test('packed, it is not what the sums say', async () => {
  const folder = await newBundle();
  const path = join(folder, 'incident.jsonl');
  writeFileSync(path, gzipSync(readFileSync(path)));
  expect((await check(folder)).flaws).not.toEqual([]);
});

const NAMED = { name: 'a', bytes: 0, sha256: '0'.repeat(64) };
const DRILL = { type: 'mesh-backup drill', version: 1, files: [NAMED] };

test.each<[string, unknown]>([
  ['a path', { ...DRILL, files: [{ ...NAMED, name: '../a' }] }],
  ['an absolute path', { ...DRILL, files: [{ ...NAMED, name: '/etc/passwd' }] }],
  ['this folder', { ...DRILL, files: [{ ...NAMED, name: '.' }] }],
  ['a hidden file', { ...DRILL, files: [{ ...NAMED, name: '.a' }] }],
  ['an escape', { ...DRILL, files: [{ ...NAMED, name: 'a\u001b[2J' }] }],
  ['a line end', { ...DRILL, files: [{ ...NAMED, name: 'a\n' }] }],
  ['a long name', { ...DRILL, files: [{ ...NAMED, name: 'a'.repeat(200) }] }],
  ['a negative size', { ...DRILL, files: [{ ...NAMED, bytes: -1 }] }],
  ['half a byte', { ...DRILL, files: [{ ...NAMED, bytes: 0.5 }] }],
  ['an endless size', { ...DRILL, files: [{ ...NAMED, bytes: 1e300 }] }],
  ['a sum that is none', { ...DRILL, files: [{ ...NAMED, sha256: 'x' }] }],
  ['too many files', { ...DRILL, files: Array.from({ length: 1001 }, () => NAMED) }],
  ['no files', { type: DRILL.type, version: 1 }],
  ['another version', { ...DRILL, version: 2 }],
  ['another type', { ...DRILL, type: 'mesh-backup incident' }],
  ['a list', []],
])('a record that names %s is none', async (_, payload) => {
  const flaws = ['drill.jsonl: it is no record of a version that we know'];
  expect(await check(forged(payload))).toEqual({ kind: 'drill', key: undefined, files: 0, flaws });
});

test('names that mean something to JavaScript are names', async () => {
  const files = ['__proto__', 'constructor'].map((name) => ({ ...NAMED, name }));
  expect((await check(forged({ ...DRILL, files }, undefined))).flaws).toEqual([
    '__proto__: it is missing',
    'constructor: it is missing',
    'SHA256SUMS: it is missing',
  ]);
});

test('a record of more than a megabyte is not read', async () => {
  const folder = forged({ ...DRILL, note: 'x'.repeat(1024 * 1024) });
  await expect(check(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('no bundle, no folder, a stop', async () => {
  await expect(check(newFolder())).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining('neither incident.jsonl nor drill.jsonl') as string,
  });
  await expect(check('/nowhere')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(checkBundle(await newBundle(), stopped)).rejects.toThrow('stopped');
});
