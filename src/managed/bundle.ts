import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { codeOf, unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import { writeWhole, type Produce } from '../jsonl/write-whole.ts';
import { sealRecord, type RecordKind } from '../keys/sealed-record.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { hashFile } from '../sqlite/copy-file.ts';

/** A file of a bundle, as its record names it. */
export interface BundledFile {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** For `sha256sum --check`. */
export const SUMS = 'SHA256SUMS';

/** What stands in it. */
export function sumsText(files: readonly BundledFile[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/**
 * A folder of evidence: files, a record that names each with its SHA-256 and may be sealed, and the same sums for
 * coreutils. It is made beside its place and takes it when it is whole. Source: docs/managed.md.
 */
export class Bundle {
  /** Where its files lie until it is whole. */
  readonly folder: string;
  readonly #path: string;
  readonly #lock: FileLock;
  readonly #files: BundledFile[] = [];

  private constructor(path: string, lock: FileLock) {
    this.#path = path;
    this.#lock = lock;
    this.folder = partOf(path);
  }

  /**
   * What a run that was killed left of it goes first; whoever calls this calls `discard` at the end. Throws `FILE_EXISTS`
   * where something has its name, `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  static async begin(path: string): Promise<Bundle> {
    const place = resolve(path);
    const dead: string[] = [];
    const lock = await FileLock.take(place, (holder) => dead.push(holder));
    try {
      const found = await unlessMissing(lstat(place));
      if (found !== undefined) throw taken(path, 'Name a folder that is not there yet.');
      if (dead.length > 0) await rm(partOf(place), { recursive: true, force: true });
      await mkdir(partOf(place), { mode: 0o700 });
      return new Bundle(place, lock);
    } catch (cause) {
      await lock.release();
      if (codeOf(cause) !== 'EEXIST') throw unwritable(path, cause);
      throw taken(partOf(place), 'It is in the way: remove it, if nothing of yours is in it.');
    }
  }

  /** Adds a file; the names are ours, never anybody else's. Throws as `writeWhole` does, and what `content` throws. */
  async add(name: string, content: Uint8Array | Produce): Promise<void> {
    await writeWhole(join(this.folder, name), content, { over: 'replace' });
    await this.include(name);
  }

  /** Where somebody else may write a file that is to be included. */
  place(name: string): string {
    return join(this.folder, name);
  }

  /** Names a file in the record that somebody else wrote into the folder. Throws `FILE_UNREADABLE`. */
  async include(name: string): Promise<void> {
    this.#files.push({ name, ...(await hashFile(join(this.folder, name))) });
  }

  /** Writes the record, sealed where there is a key, and puts the bundle in its place. Throws as `begin` and `add` do. */
  async commit(
    kind: RecordKind,
    facts: Record<string, unknown>,
    signer: SigningKey | undefined,
  ): Promise<void> {
    const payload = JSON.stringify({
      type: `mesh-backup ${kind}`,
      version: 1,
      ...facts,
      files: this.#files,
    });
    await this.add(`${kind}.jsonl`, sealRecord(kind, payload, signer));
    const sums = Buffer.from(sumsText(this.#files));
    await writeWhole(join(this.folder, SUMS), sums, { over: 'replace' });
    try {
      await rename(this.folder, this.#path);
    } catch (cause) {
      throw unwritable(basename(this.#path), cause);
    }
    await syncFolder(dirname(this.#path));
  }

  /** Removes what was made, unless it is in its place. To be called once. Throws `FILE_UNWRITABLE`. */
  async discard(): Promise<void> {
    try {
      await rm(this.folder, { recursive: true, force: true });
    } catch (cause) {
      throw unwritable(this.folder, cause);
    } finally {
      await this.#lock.release();
    }
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}

function taken(path: string, hint: string): MeshBackupError {
  return new MeshBackupError('FILE_EXISTS', `${path} is there already.`, { hint });
}
