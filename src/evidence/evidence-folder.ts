import { lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FileLock } from '../jsonl/file-lock.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { codeOf, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import { keyHash, MAX_EVIDENCE_BYTES, parseEvidenceName } from './evidence-file.ts';

/** So many files of one key there may be, over all runs: who lies must not fill our disk. */
const MAX_FILES = 10;
/** So much they may take together. */
const MAX_KEY_BYTES = MAX_EVIDENCE_BYTES;
/** So many files a run may add, of all keys, and so much: keys are free, and whoever has many must not fill it either. */
const MAX_RUN_FILES = 100;
const MAX_RUN_BYTES = 1024 * 1024 * 1024;
const LOCK = 'evidence';

/** What is there of one key. */
interface Holding {
  files: number;
  bytes: number;
  lastNumber: number;
}

/** A folder that evidence is written to, and nothing in it ever changed. */
export class EvidenceFolder {
  readonly path: string;
  readonly #lock: FileLock;
  readonly #holdings: Map<string, Holding>;
  readonly #added = { files: 0, bytes: 0 };

  private constructor(path: string, lock: FileLock, holdings: Map<string, Holding>) {
    this.path = path;
    this.#lock = lock;
    this.#holdings = holdings;
  }

  /** Makes the folder where it is missing, and locks it. Throws `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`. */
  static async open(path: string): Promise<EvidenceFolder> {
    await makeFolder(path);
    const lock = await FileLock.take(join(path, LOCK));
    try {
      return new EvidenceFolder(path, lock, await readHoldings(path));
    } catch (cause) {
      await lock.release();
      throw unwritable(path, cause);
    }
  }

  /** Whether a file was refused because the run had added enough, of whatever keys. */
  isFull = false;

  /** The path for a further file of a key; `undefined`: there is enough of it, or of all. */
  reserve(key: string, bytes: number): string | undefined {
    const name = keyHash(key);
    const { files, bytes: held, lastNumber } = this.#holdings.get(name) ?? NOTHING;
    if (files >= MAX_FILES || held + bytes > MAX_KEY_BYTES) return undefined;
    if (this.#added.files >= MAX_RUN_FILES || this.#added.bytes + bytes > MAX_RUN_BYTES) {
      this.isFull = true;
      return undefined;
    }
    this.#added.files++;
    this.#added.bytes += bytes;
    const next = { files: files + 1, bytes: held + bytes, lastNumber: lastNumber + 1 };
    this.#holdings.set(name, next);
    return join(this.path, `${name}-${next.lastNumber}.json`);
  }

  /** How many more files of a key there may be. */
  filesLeft(key: string): number {
    return MAX_FILES - (this.#holdings.get(keyHash(key))?.files ?? 0);
  }

  /** Writes a file whose path was reserved, whole or not at all. Throws `FILE_UNWRITABLE`, `NO_ROOM`. */
  async write(path: string, bytes: Buffer): Promise<void> {
    const replacement = await Replacement.begin(path);
    try {
      await replacement.write(bytes);
      await replacement.commit();
    } finally {
      await replacement.discard();
    }
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }
}

const NOTHING: Holding = { files: 0, bytes: 0, lastNumber: 0 };

/** Whether a name in a folder of evidence is one of our lock, or of a file that a killed run did not end. */
export function isUnfinished(name: string): boolean {
  const isPart = name.endsWith('.part') && parseEvidenceName(name.slice(0, -'.part'.length)) !== undefined;
  return isPart || name === `${LOCK}.lock` || name.startsWith(`${LOCK}.lock-`);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncFolder(dirname(resolve(path)));
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw unwritable(path, cause);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw unwritable(path, new Error('it is no folder'));
  }
}

/** Whatever bears a name of evidence has its number, be it a file or not. */
async function readHoldings(path: string): Promise<Map<string, Holding>> {
  const holdings = new Map<string, Holding>();
  for (const name of await readdir(path)) {
    const parsed = parseEvidenceName(name);
    if (parsed === undefined) continue;
    const { files, bytes, lastNumber } = holdings.get(parsed.hash) ?? NOTHING;
    const { size } = await lstat(join(path, name));
    holdings.set(parsed.hash, {
      files: files + 1,
      bytes: bytes + size,
      lastNumber: Math.max(lastNumber, parsed.number),
    });
  }
  return holdings;
}
