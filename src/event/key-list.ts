import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { PublicKey } from '../identity/keypair.ts';
import { listLines } from './list-lines.ts';
import { parseJson } from './parse-json.ts';

/** A key that the operator vouches for. */
export interface PinnedKey {
  readonly name: string;
  readonly key: PublicKey;
  /** The nara's ID, where it is given: voters of checkpoints are known by theirs. */
  readonly id: string;
}

const KeyRecord = z.strictObject({
  name: z.string().min(1),
  public_key: z.string(),
  id: z.string().optional(),
});

/**
 * Parses a file of pinned keys: one a line, as `{"name","public_key","id"?}` or as `name key`; blank lines and lines
 * that begin with `#` are passed over. Throws `KEY_LIST` with the line's number.
 */
export function parseKeyList(text: string): PinnedKey[] {
  const keys: PinnedKey[] = [];
  for (const { line, number } of listLines(text)) {
    const pinned = line.startsWith('{') ? parseRecord(line) : parsePair(line);
    if (typeof pinned === 'string') {
      throw new MeshBackupError('KEY_LIST', `Line ${number} of the keys file: ${pinned}`);
    }
    keys.push(pinned);
  }
  return keys;
}

/** The reason where it is none. */
function parseRecord(line: string): PinnedKey | string {
  const record = KeyRecord.safeParse(parseJson(line));
  if (!record.success) return 'want {"name","public_key","id"?}';
  const { name, public_key: key, id = '' } = record.data;
  return pinnedKey(name, key, id);
}

/** A key has no blanks, a name may. */
function parsePair(line: string): PinnedKey | string {
  const [, name, key] = /^(.+?)\s+(\S+)$/.exec(line) ?? [];
  return name === undefined || key === undefined ? 'want `name key`' : pinnedKey(name, key, '');
}

function pinnedKey(name: string, text: string, id: string): PinnedKey | string {
  const key = PublicKey.parse(text);
  return key === undefined ? 'the key is no Ed25519 key in standard Base64' : { name, key, id };
}
