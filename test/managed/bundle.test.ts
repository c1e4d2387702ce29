import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Bundle } from '../../src/managed/bundle.ts';
import { openRecord } from '../../src/keys/sealed-record.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';
import { newFolder } from './authority.ts';

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('files, a sealed record that names them, and sums that coreutils check', async () => {
  const path = join(newFolder(), 'drill');
  const signer = newSigningKey();
  const bundle = await Bundle.begin(path);
  await bundle.add('a.txt', Buffer.from('abc'));
  writeFileSync(bundle.place('b.txt'), '');
  await bundle.include('b.txt');
  expect(existsSync(path)).toBe(false);
  await bundle.commit('drill', { note: 'ü' }, signer);
  await bundle.discard();
  expect(readdirSync(path).sort()).toEqual(['SHA256SUMS', 'a.txt', 'b.txt', 'drill.jsonl']);
  expect(existsSync(`${path}.part`)).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(path, 'a.txt')).mode & 0o777).toBe(0o600);
  const opened = openRecord('drill', readFileSync(join(path, 'drill.jsonl')));
  if ('flaw' in opened) return expect.unreachable(opened.flaw);
  expect(opened.key).toBe(signer.publicKey);
  expect(JSON.parse(opened.payload.toString('utf8'))).toEqual({
    type: 'mesh-backup drill',
    version: 1,
    note: 'ü',
    files: [
      { name: 'a.txt', bytes: 3, sha256: ABC },
      { name: 'b.txt', bytes: 0, sha256: expect.stringMatching(/^e3b0c442/) as string },
    ],
  });
  const checked = execFileSync('sha256sum', ['--strict', '--check', 'SHA256SUMS'], { cwd: path });
  expect(checked.toString('utf8')).toBe('a.txt: OK\nb.txt: OK\ndrill.jsonl: OK\n');
});

test('what is discarded leaves nothing', async () => {
  const folder = newFolder();
  const bundle = await Bundle.begin(join(folder, 'drill'));
  await bundle.add('a.txt', Buffer.from('abc'));
  await bundle.discard();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  [
    'a folder',
    (path: string) => {
      mkdirSync(path);
    },
    'drill is there already',
  ],
  [
    'a file',
    (path: string) => {
      writeFileSync(path, '');
    },
    'drill is there already',
  ],
  [
    'a link to nowhere',
    (path: string) => {
      symlinkSync('nowhere', path);
    },
    'drill is there already',
  ],
  [
    'what a killed run left',
    (path: string) => {
      mkdirSync(`${path}.part`);
    },
    'drill.part is there already',
  ],
])('where there is %s, nothing is begun', async (_, make, message) => {
  const folder = newFolder();
  make(join(folder, 'drill'));
  const before = readdirSync(folder);
  const begun = Bundle.begin(join(folder, 'drill'));
  await expect(begun).rejects.toMatchObject({
    code: 'FILE_EXISTS',
    message: expect.stringContaining(message) as string,
  });
  expect(readdirSync(folder)).toEqual(before);
});

test('two at a time: the second is told', async () => {
  const path = join(newFolder(), 'drill');
  const first = await Bundle.begin(path);
  await expect(Bundle.begin(path)).rejects.toMatchObject({ code: 'LOCKED' });
  await first.commit('drill', {}, undefined);
  expect(readdirSync(path)).toEqual(['SHA256SUMS', 'drill.jsonl']);
});

test('where nothing can be made', async () => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, '');
  await expect(Bundle.begin(join(file, 'drill'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

test('what somebody put into its place meanwhile stays', async () => {
  const path = join(newFolder(), 'drill');
  const bundle = await Bundle.begin(path);
  mkdirSync(path);
  writeFileSync(join(path, 'theirs'), 'x');
  await expect(bundle.commit('drill', {}, undefined)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  expect(readdirSync(path)).toEqual(['theirs']);
});
