import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { readWhole } from '../jsonl/read-whole.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { openRecord, type RecordKind } from '../keys/sealed-record.ts';
import { hashFile } from '../sqlite/copy-file.ts';
import { SUMS, sumsText, type BundledFile } from './bundle.ts';

/** What a look at a bundle came to. Texts may hold what the bundle says: whoever prints them escapes it. */
export interface CheckedBundle {
  readonly kind: RecordKind;
  /** Who sealed the record, base64url without padding; `undefined`: nobody. */
  readonly key: string | undefined;
  /** Files of the record, itself not among them. */
  readonly files: number;
  /** What does not hold, in words; none: all does. */
  readonly flaws: readonly string[];
}

const MAX_RECORD_BYTES = 1024 * 1024;
/** The longest of ours has a dozen. */
const MAX_FILES = 1000;
const KINDS: readonly RecordKind[] = ['incident', 'drill'];

const File = z.object({
  name: z.string().regex(/^[\w-][\w.-]{0,100}$/),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[\da-f]{64}$/),
});

/**
 * Checks a bundle: the seal of its record, and that its files are those which the record names, byte for byte.
 * Throws `FILE_UNREADABLE` where there is no bundle, and the signal's reason.
 */
export async function checkBundle(folder: string, signal: AbortSignal): Promise<CheckedBundle> {
  const names = await namesIn(folder);
  const kind = KINDS.find((one) => names.includes(`${one}.jsonl`));
  if (kind === undefined) {
    const record = KINDS.map((one) => `${one}.jsonl`).join(' nor ');
    throw new MeshBackupError('FILE_UNREADABLE', `${folder} is no bundle: it has neither ${record}.`);
  }
  const record = `${kind}.jsonl`;
  const broken = (flaw: string): CheckedBundle => {
    return { kind, key: undefined, files: 0, flaws: [`${record}: ${flaw}`] };
  };
  const path = join(folder, record);
  // A pipe would keep us waiting for its writer.
  if (!(await lstatOf(path)).isFile()) return broken('it is no plain file');
  const bytes = await readWhole(path, undefined, { maxBytes: MAX_RECORD_BYTES, signal });
  const opened = openRecord(kind, bytes);
  if ('flaw' in opened) return broken(opened.flaw);
  const files = filesOf(kind, opened.payload);
  if (files === undefined) return broken('it is no record of a version that we know');
  const flaws: string[] = [];
  const known = new Set([record, SUMS]);
  for (const file of [...files, sumsOf(files, { name: record, ...(await hashFile(path, signal)) })]) {
    known.add(file.name);
    signal.throwIfAborted();
    const flaw = names.includes(file.name) ? await flawOf(folder, file, signal) : 'it is missing';
    if (flaw !== undefined) flaws.push(`${file.name}: ${flaw}`);
  }
  for (const name of names) if (!known.has(name)) flaws.push(`${name}: the record does not name it`);
  return { kind, key: opened.key, files: files.length, flaws };
}

/** What the sums must be: they are made of the record, which cannot name them. */
function sumsOf(files: readonly BundledFile[], record: BundledFile): BundledFile {
  const text = Buffer.from(sumsText([...files, record]));
  return { name: SUMS, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function filesOf(kind: RecordKind, payload: Buffer): BundledFile[] | undefined {
  const Record = z.object({
    type: z.literal(`mesh-backup ${kind}`),
    version: z.literal(1),
    files: z.array(File).max(MAX_FILES),
  });
  return Record.safeParse(parseJson(payload.toString('utf8'))).data?.files;
}

async function flawOf(
  folder: string,
  { name, bytes, sha256 }: BundledFile,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = join(folder, name);
  const found = await lstatOf(path);
  if (!found.isFile()) return 'it is no plain file';
  if (found.size !== bytes) return `it has ${found.size} bytes, not ${bytes}`;
  return (await hashFile(path, signal)).sha256 === sha256 ? undefined : 'its SHA-256 is another';
}

async function lstatOf(path: string): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
