import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { readWhole } from '../jsonl/read-whole.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { openTarget } from '../jsonl/target.ts';
import { readFileState } from '../jsonl/file-state.ts';
import { VerifyKey } from './verify-key.ts';

/** Room for 20,000 keys. */
const MAX_FILE_BYTES = 1024 * 1024;
const HINT = 'Want a JSON array of public keys, each 43 characters of base64url without padding.';

/**
 * The keys of a list, each once, in its order. `source` is what people know it by. Throws `TRUSTED_KEYS` where a single
 * one is no key: a list that is half understood trusts less, or more, than whoever wrote it meant.
 */
export function parseTrustedKeys(text: string, source: string): readonly string[] {
  // Editors of Windows begin a file with a mark of its encoding.
  const found = parseJson(text.replace(/^\uFEFF/, ''));
  if (!Array.isArray(found)) {
    throw new MeshBackupError('TRUSTED_KEYS', `${source} is no JSON array.`, { hint: HINT });
  }
  const keys = new Set<string>();
  found.forEach((entry: unknown, index) => {
    const key = typeof entry === 'string' ? VerifyKey.parse(entry) : undefined;
    if (key === undefined) {
      throw new MeshBackupError('TRUSTED_KEYS', `Entry ${index + 1} of ${source} is no public key.`, {
        hint: HINT,
      });
    }
    keys.add(key.text);
  });
  return [...keys];
}

/** One key, as it is given by hand. Throws `TRUSTED_KEYS`. */
export function parseTrustedKey(text: string): string {
  const key = VerifyKey.parse(text);
  // Not shown: somebody may have taken the secret half for it.
  if (key === undefined) {
    throw new MeshBackupError('TRUSTED_KEYS', 'What was given is no public key.', {
      hint: 'Want 43 characters of base64url without padding, as keygen and verify print them.',
    });
  }
  return key.text;
}

/** Reads a list from a file. Throws `FILE_UNREADABLE`, `TRUSTED_KEYS`, and the signal's reason. */
export async function readTrustedKeys(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const bytes = await readWhole(path, undefined, { maxBytes: MAX_FILE_BYTES, signal });
  return parseTrustedKeys(bytes.toString('utf8'), path);
}

/** What a file of trusted keys holds after a change, and whether there was anything to change. */
export interface ChangedKeys {
  readonly keys: readonly string[];
  readonly hasChanged: boolean;
}

/**
 * Adds a key to the end of a file's list; a file that is not there is made. Throws as `readTrustedKeys` does, and
 * `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function addTrustedKey(path: string, key: string, signal: AbortSignal): Promise<ChangedKeys> {
  const added = parseTrustedKey(key);
  return change(path, signal, (keys) => (keys.includes(added) ? keys : [...keys, added]));
}

/** Takes a key out of a file's list. Throws as `addTrustedKey` does, also where there is no such file. */
export async function removeTrustedKey(path: string, key: string, signal: AbortSignal): Promise<ChangedKeys> {
  const removed = parseTrustedKey(key);
  return change(path, signal, (keys) => keys.filter((one) => one !== removed), false);
}

/** Under the file's lock from reading to writing: of two that change it at once, neither undoes the other. */
async function change(
  path: string,
  signal: AbortSignal,
  edit: (keys: readonly string[]) => readonly string[],
  mayMake = true,
): Promise<ChangedKeys> {
  const target = await openTarget(path);
  if (target.kind === 'stream') {
    await target.close();
    throw new MeshBackupError('TRUSTED_KEYS', `${path} is no file: no list can be kept there.`);
  }
  const lock = await FileLock.take(target.path);
  try {
    const isMissing = mayMake && (await readFileState(target.path)) === undefined;
    const before = isMissing ? [] : await readTrustedKeys(target.path, signal);
    const keys = edit(before);
    const hasChanged = keys.length !== before.length;
    if (hasChanged) await replace(target.path, `${JSON.stringify(keys, undefined, 2)}\n`);
    return { keys, hasChanged };
  } finally {
    await lock.release();
  }
}

async function replace(path: string, text: string): Promise<void> {
  const replacement = await Replacement.begin(path);
  try {
    await replacement.write(Buffer.from(text));
    await replacement.commit();
  } finally {
    await replacement.discard();
  }
}
