import { spawnSync } from 'node:child_process';
import { chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeSigningKey, parseSigningKey, readSigningKey } from '../../src/keys/signing-key.ts';
import {
  addTrustedKey,
  parseTrustedKeys,
  readTrustedKeys,
  removeTrustedKey,
} from '../../src/keys/trusted-keys.ts';
import { VerifyKey } from '../../src/keys/verify-key.ts';
import { newFolder } from './new-folder.ts';
import { codeOf, NEVER, TRUSTED, vector } from './vectors.ts';

const SEED = 'efR1dNs9EJceM2Vu8qddqbEblv8eQHOvNrwNwdua3l0';
const KEY = TRUSTED[0]!;
const OTHER = parseSigningKey('A'.repeat(43), 'the test').publicKey;
const onPosix = describe.skipIf(process.platform === 'win32');

function thrownBy(job: () => unknown): unknown {
  try {
    job();
    return 'OK';
  } catch (error) {
    return (error as { readonly code?: unknown }).code ?? error;
  }
}

describe('the text of a signing key', () => {
  test('is the seed of the key that the node knows', async () => {
    expect(parseSigningKey(await readFile(vector('offline.key'), 'utf8'), 'offline.key').publicKey).toBe(KEY);
    expect(parseSigningKey(SEED, 'a variable').publicKey).toBe(KEY);
    for (const text of [`${SEED}\r\n`, `${SEED}=`, `${SEED}=\n`, `${SEED}\n\n`, ` ${SEED}\t`])
      expect(parseSigningKey(text, 'a variable').publicKey).toBe(KEY);
  });

  test('what it signs verifies, and nothing else does', () => {
    const { publicKey, sign } = parseSigningKey(SEED, 'the test');
    const key = VerifyKey.parse(publicKey)!;
    const signature = sign(Buffer.from('a'));
    expect(key.verify(Buffer.from('a'), signature)).toBe(true);
    expect(key.verify(Buffer.from('b'), signature)).toBe(false);
    expect(key.verify(Buffer.from('a'), `${signature}==`)).toBe(false);
    expect(key.verify(Buffer.from('a'), Buffer.from(signature, 'base64url').toString('base64'))).toBe(false);
    expect(key.verify(Buffer.from('a'), signature.slice(0, -1))).toBe(false);
  });

  test.each([
    ['empty', ''],
    ['short', SEED.slice(1)],
    ['long', `${SEED}A`],
    ['padded twice', `${SEED}==`],
    ['white space in it', `${SEED.slice(0, 20)} ${SEED.slice(20)}`],
    ['two lines', `${SEED}\n${SEED}`],
    ['the other alphabet', SEED.replace('efR', '+fR')],
    ['bits behind the end', `${SEED.slice(0, -1)}1`],
    ['hex', Buffer.from(SEED, 'base64url').toString('hex')],
  ])('%s: refused, and not shown', (_, text) => {
    expect(thrownBy(() => parseSigningKey(text, 'k'))).toBe('KEY_FILE');
    try {
      parseSigningKey(text, 'k');
    } catch (error) {
      if (text !== '') expect((error as Error).message).not.toContain(text);
    }
  });
});

onPosix('the file of a signing key', () => {
  test('made: for its owner alone, once, and it reads back', async () => {
    const path = join(await newFolder(), 'new.key');
    const publicKey = await makeSigningKey(path);
    expect((await stat(path)).mode & 0o777).toBe(0o400);
    expect((await readSigningKey(path)).publicKey).toBe(publicKey);
    expect(await readFile(path, 'utf8')).toMatch(/^[\w-]{43}\n$/);
    expect(await codeOf(makeSigningKey(path))).toBe('FILE_EXISTS');
    expect((await readSigningKey(path)).publicKey).toBe(publicKey);
    await symlink(join(await newFolder(), 'nowhere'), `${path}.link`);
    expect(await codeOf(makeSigningKey(`${path}.link`))).toBe('FILE_EXISTS');
  });

  test.each([0o440, 0o404, 0o620, 0o602, 0o601])('open to others, mode %o: refused', async (mode) => {
    const path = join(await newFolder(), 'open.key');
    await writeFile(path, SEED);
    await chmod(path, 0o600);
    expect(await codeOf(readSigningKey(path))).toBe('OK');
    await chmod(path, mode);
    expect(await codeOf(readSigningKey(path))).toBe('KEY_FILE_OPEN');
    // It is the file that counts, not the name.
    await symlink(path, `${path}.link`);
    expect(await codeOf(readSigningKey(`${path}.link`))).toBe('KEY_FILE_OPEN');
  });

  test('no file, a folder, a FIFO that nobody writes to, a long file', async () => {
    const folder = await newFolder();
    expect(await codeOf(readSigningKey(join(folder, 'none')))).toBe('FILE_UNREADABLE');
    expect(await codeOf(readSigningKey(folder))).toBe('KEY_FILE');
    spawnSync('mkfifo', ['-m', '600', join(folder, 'fifo')]);
    expect(await codeOf(readSigningKey(join(folder, 'fifo')))).toBe('KEY_FILE');
    await writeFile(join(folder, 'long'), `${SEED}\n${' '.repeat(100)}`, { mode: 0o600 });
    expect(await codeOf(readSigningKey(join(folder, 'long')))).toBe('KEY_FILE');
  });
});

describe('trusted keys', () => {
  test('each once, in their order', () => {
    expect(parseTrustedKeys(JSON.stringify([OTHER, KEY, OTHER]), 'a list')).toEqual([OTHER, KEY]);
    expect(parseTrustedKeys(`\uFEFF${JSON.stringify([KEY])}`, 'a list')).toEqual([KEY]);
    expect(parseTrustedKeys('[]', 'a list')).toEqual([]);
  });

  test.each([
    ['no JSON', 'x'],
    ['nothing', ''],
    ['an object', `{"keys":["${KEY}"]}`],
    ['a string', `"${KEY}"`],
    ['a number within', `["${KEY}",1]`],
    ['padded', `["${KEY}="]`],
    ['the other alphabet', `["${Buffer.from(KEY, 'base64url').toString('base64').slice(0, 43)}"]`],
    ['bits behind the end', `["${KEY.slice(0, -1)}F"]`],
    ['a blank', `["${KEY} "]`],
    ['short', `["${KEY.slice(1)}"]`],
    ['no point of the curve', `["${Buffer.alloc(32, 2).toString('base64url')}"]`],
    ['a point of small order', `["${Buffer.from([1, ...Buffer.alloc(31)]).toString('base64url')}"]`],
    ['all zeros: small order too', `["${Buffer.alloc(32).toString('base64url')}"]`],
  ])('%s: refused', (_, text) => {
    expect(thrownBy(() => parseTrustedKeys(text, 'a list'))).toBe('TRUSTED_KEYS');
  });

  test('added and taken out of a file', async () => {
    const path = join(await newFolder(), 'trusted.json');
    expect(await addTrustedKey(path, OTHER, NEVER)).toEqual({ keys: [OTHER], hasChanged: true });
    expect(await addTrustedKey(path, KEY, NEVER)).toEqual({ keys: [OTHER, KEY], hasChanged: true });
    const text = await readFile(path, 'utf8');
    expect(JSON.parse(text)).toEqual([OTHER, KEY]);
    expect(await addTrustedKey(path, OTHER, NEVER)).toEqual({ keys: [OTHER, KEY], hasChanged: false });
    expect(await removeTrustedKey(path, OTHER, NEVER)).toEqual({ keys: [KEY], hasChanged: true });
    expect(await removeTrustedKey(path, OTHER, NEVER)).toEqual({ keys: [KEY], hasChanged: false });
    expect(await readTrustedKeys(path, NEVER)).toEqual([KEY]);
  });

  test('two at once: both are in it, or one is told to wait', async () => {
    const path = join(await newFolder(), 'trusted.json');
    const codes = await Promise.all([OTHER, KEY].map((key) => codeOf(addTrustedKey(path, key, NEVER))));
    const keys = await readTrustedKeys(path, NEVER);
    expect(keys).toHaveLength(codes.filter((code) => code === 'OK').length);
    expect(codes.filter((code) => code !== 'OK' && code !== 'LOCKED')).toEqual([]);
  });

  test('a bad list or key: nothing is written', async () => {
    const path = join(await newFolder(), 'trusted.json');
    await writeFile(path, '["x"]');
    expect(await codeOf(addTrustedKey(path, KEY, NEVER))).toBe('TRUSTED_KEYS');
    expect(await codeOf(removeTrustedKey(path, 'x', NEVER))).toBe('TRUSTED_KEYS');
    expect(await readFile(path, 'utf8')).toBe('["x"]');
    expect(await codeOf(removeTrustedKey(`${path}.none`, KEY, NEVER))).toBe('FILE_UNREADABLE');
    await writeFile(path, ' '.repeat(1024 * 1024 + 1));
    expect(await codeOf(readTrustedKeys(path, NEVER))).toBe('FILE_UNREADABLE');
  });
});
