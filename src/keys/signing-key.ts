import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { decodeBase64 } from '../identity/base64.ts';
import { deriveKeypair } from '../identity/keypair.ts';
import { codeOf, unreadable, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import { writeFully } from '../jsonl/write-fully.ts';
import { decodeBase64url } from './base64url.ts';

const SEED_BYTES = 32;
/** A key is 43 characters, its padding and white space; what is longer is none. */
const MAX_FILE_BYTES = 64;
const OTHERS = 0o077;
const isPosix = process.platform !== 'win32';

/** What signs snapshots; the secret half stays inside `sign`. */
export interface SigningKey {
  /** Base64url without padding. */
  readonly publicKey: string;
  /** Base64url without padding, of the 64-byte Ed25519 signature of these bytes. */
  readonly sign: (message: Uint8Array) => string;
}

/**
 * A signing key from its text: base64url of the raw seed. Other tools pad it, and editors end lines: a secret is compared
 * with nothing, so it may have several spellings, which a public key may not. `source` is what people know it by. Throws `KEY_FILE`; the message shows nothing of the text.
 */
export function parseSigningKey(text: string, source: string): SigningKey {
  const seed = decodeBase64url(text.trim().replace(/=$/, ''), SEED_BYTES);
  if (seed === undefined) {
    throw new MeshBackupError('KEY_FILE', `${source} holds no signing key.`, {
      hint: 'Want one line: 43 characters of base64url without padding, the raw 32-byte Ed25519 seed.',
    });
  }
  return signingKeyOf(seed);
}

/**
 * Reads a signing key from a file. What is judged is what is read: rights are those of the opened file, not of its name.
 * Throws `FILE_UNREADABLE`, `KEY_FILE`, `KEY_FILE_OPEN`.
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  return parseSigningKey(await readKeyText(path), path);
}

/**
 * Makes a key and writes it to a new file that only its owner reads. Returns the public key.
 * Throws `FILE_EXISTS`, `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function makeSigningKey(path: string): Promise<string> {
  const seed = randomBytes(SEED_BYTES);
  const file = await open(path, 'wx', 0o400).catch((cause: unknown) => {
    if (codeOf(cause) !== 'EEXIST') throw unwritable(path, cause);
    throw new MeshBackupError('FILE_EXISTS', `${path} is there already: no key is written over it.`, {
      hint: 'Whoever loses a signing key can sign with it no more: name a new file.',
    });
  });
  try {
    await writeFully(file.fd, Buffer.from(`${seed.toString('base64url')}\n`));
    await file.sync();
  } catch (cause) {
    await unlink(path);
    throw unwritable(path, cause);
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
  return signingKeyOf(seed).publicKey;
}

/** A key that nobody keeps. */
export function newSigningKey(): SigningKey {
  return signingKeyOf(randomBytes(SEED_BYTES));
}

function signingKeyOf(seed: Uint8Array): SigningKey {
  const { publicKey, sign } = deriveKeypair({ seed, tag: undefined });
  return { publicKey: respell(publicKey), sign: (message) => respell(sign(message)) };
}

function respell(standard: string): string {
  return decodeBase64(standard)!.toString('base64url');
}

/** Not blocking, or the name of a FIFO would hold us up before it can be looked at. */
async function readKeyText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (isPosix ? constants.O_NONBLOCK : 0)).catch(
    (cause: unknown) => {
      throw unreadable(path, cause);
    },
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new MeshBackupError('KEY_FILE', `${path} is no file: it holds no signing key.`);
    if (isPosix && (stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new MeshBackupError('KEY_FILE_OPEN', `Others can get at ${path}: its mode is ${mode}.`, {
        hint: `If nobody has read it: chmod 400 ${path}. Otherwise make a new key, and trust the old one no more.`,
      });
    }
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    // The rest might be white space: a key, and what nobody has looked at.
    if (bytesRead > MAX_FILE_BYTES) throw new MeshBackupError('KEY_FILE', `${path} holds no signing key.`);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
