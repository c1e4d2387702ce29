import { createHash } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { assertRoom } from '../jsonl/free-space.ts';
import { unwritable } from '../jsonl/storage-failure.ts';
import { writeFully } from '../jsonl/write-fully.ts';
import { readArchive } from './archive.ts';
import { ARTIFACT_NAMES, CURSOR_NAME, DATABASE_NAME, MANIFEST_NAME, type ArtifactName } from './format.ts';
import type { FileInput } from './open-input.ts';

/** Where the artifacts were put. */
export interface Unpacked {
  readonly database: string;
  readonly cursor: string;
}

export interface UnpackSettings {
  readonly maxBytes: number;
  /** What was read the time before. */
  readonly expected: Readonly<Record<ArtifactName, { readonly size: number; readonly sha256: string }>>;
}

/**
 * Writes the two artifacts into a new folder and holds each to what is expected of it. Throws `FILE_CHANGED`,
 * `FILE_UNWRITABLE`, `NO_ROOM`, and as `readArchive` does; then the folder is gone again.
 */
export async function unpackArtifacts(
  input: FileInput,
  folder: string,
  { maxBytes, expected }: UnpackSettings,
): Promise<Unpacked> {
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    throw unwritable(folder, cause);
  });
  try {
    const written = new Set<string>();
    let sink: ArtifactSink | undefined;
    const endOne = async (): Promise<void> => {
      if (sink === undefined) return;
      const { name } = sink;
      if ((await sink.end()) !== expected[name].sha256) throw changed(input);
      written.add(name);
      sink = undefined;
    };
    try {
      for await (const part of readArchive(input, { maxBytes })) {
        if (part.kind === 'data') {
          await sink?.write(part.bytes);
          continue;
        }
        await endOne();
        const { name, size } = part;
        if (name === MANIFEST_NAME) continue;
        if (size !== expected[name].size) throw changed(input);
        assertRoom(folder, size);
        sink = await ArtifactSink.open(folder, name);
      }
      await endOne();
    } finally {
      await sink?.close();
    }
    if (written.size !== ARTIFACT_NAMES.length) throw changed(input);
    return { database: pathOf(folder, DATABASE_NAME), cursor: pathOf(folder, CURSOR_NAME) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function pathOf(folder: string, name: ArtifactName): string {
  return join(folder, basename(name));
}

/** Nobody else is to read what is unpacked, wherever it goes from here: it may hold secrets. */
class ArtifactSink {
  readonly name: ArtifactName;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  private constructor(name: ArtifactName, path: string, file: FileHandle) {
    this.name = name;
    this.#path = path;
    this.#file = file;
  }

  static async open(folder: string, name: ArtifactName): Promise<ArtifactSink> {
    const path = pathOf(folder, name);
    try {
      return new ArtifactSink(name, path, await open(path, 'wx', 0o600));
    } catch (cause) {
      throw unwritable(path, cause);
    }
  }

  async write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    try {
      await writeFully(this.#file.fd, bytes);
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
  }

  /** Makes it durable; returns its SHA-256 in hex. */
  async end(): Promise<string> {
    try {
      await this.#file.sync();
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
    await this.close();
    return this.#hash.digest('hex');
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function changed({ path }: FileInput): MeshBackupError {
  return new MeshBackupError('FILE_CHANGED', `Somebody wrote to ${path} while it was read.`, {
    hint: 'Nothing was restored. Run it again when it is whole.',
    retryable: true,
  });
}
