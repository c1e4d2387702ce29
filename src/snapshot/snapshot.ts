import { createHash, type Hash } from 'node:crypto';
import { MeshBackupError } from '../errors.ts';
import { readArchive } from './archive.ts';
import { parseCursor } from './cursor.ts';
import {
  ARTIFACT_NAMES,
  CURSOR_NAME,
  MANIFEST_NAME,
  MAX_CURSOR_BYTES,
  MAX_MANIFEST_BYTES,
  type ArtifactName,
  type FileName,
} from './format.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { openInput, type FileInput } from './open-input.ts';
import { judgeTrust, type Trust, type TrustVerdict } from './trust.ts';
import { unpackArtifacts, type Unpacked } from './unpack.ts';

export interface SnapshotSettings {
  /** Of unpacked data. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What a file of the archive is, as it was read. */
export interface FoundFile {
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

export interface VerifiedSnapshot {
  readonly manifest: Manifest;
  readonly trust: TrustVerdict;
  readonly artifacts: Readonly<Record<ArtifactName, FoundFile>>;
  /** Of the snapshot's file. */
  readonly bytes: number;
  readonly sha256: string;
  /** Applied to the database, as the cursor's file tells; `undefined` where it does not. */
  readonly migrations: readonly string[] | undefined;
}

/** Small files are kept, up to what they may have. */
const KEPT = new Map<FileName, number>([
  [MANIFEST_NAME, MAX_MANIFEST_BYTES],
  [CURSOR_NAME, MAX_CURSOR_BYTES],
]);

/** A snapshot's file, opened once: what is unpacked is what was verified, whatever becomes of the name meanwhile. */
export class Snapshot {
  readonly #input: FileInput;
  readonly #maxBytes: number;
  #verified: VerifiedSnapshot | undefined;

  private constructor(input: FileInput, maxBytes: number) {
    this.#input = input;
    this.#maxBytes = maxBytes;
  }

  /** Throws `FILE_UNREADABLE`, `SNAPSHOT_FORMAT`, and the signal's reason. */
  static async open(path: string, { maxBytes, signal }: SnapshotSettings): Promise<Snapshot> {
    return new Snapshot(await openInput(path, signal), maxBytes);
  }

  /**
   * Reads all of it and writes nothing. What is wrong is told in this order: what `readArchive` throws; `NO_MANIFEST`,
   * `MANIFEST_INVALID`, `MISSING_ARTIFACT`, `EXTRA_FILE`; `SIGNATURE_MISMATCH`, `UNTRUSTED_KEY`; `CHECKSUM_ERROR`.
   * Forced, the last three are told in the verdict. Throws the signal's reason.
   */
  async verify(trust: Trust): Promise<VerifiedSnapshot> {
    const whole = createHash('sha256');
    const files = new Map<FileName, ReadFile>();
    let file: ReadFile | undefined;
    const raw = (bytes: Buffer): void => void whole.update(bytes);
    for await (const part of readArchive(this.#input, { maxBytes: this.#maxBytes, raw })) {
      if (part.kind === 'data') file!.add(part.bytes);
      else files.set(part.name, (file = new ReadFile(part.name, part.size)));
    }
    const manifest = manifestOf(files);
    const artifacts = artifactsOf(files, manifest);
    const verdict = judgeTrust(manifest, trust, () => {
      assertSums(artifacts, manifest);
    });
    this.#verified = {
      manifest,
      trust: verdict,
      artifacts,
      bytes: this.#input.size,
      sha256: whole.digest('hex'),
      migrations: migrationsOf(files.get(CURSOR_NAME)!),
    };
    return this.#verified;
  }

  /**
   * Unpacks what was verified into a new folder for us alone. Throws `FILE_CHANGED` where the file was written to since,
   * `FILE_UNWRITABLE`, `NO_ROOM`, and the signal's reason; then nothing is left there.
   */
  async unpack(folder: string): Promise<Unpacked> {
    if (this.#verified === undefined) throw new MeshBackupError('INTERNAL', 'Not verified, so not unpacked.');
    return unpackArtifacts(this.#input, folder, {
      maxBytes: this.#maxBytes,
      expected: this.#verified.artifacts,
    });
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}

class ReadFile {
  readonly size: number;
  readonly isKept: boolean;
  readonly #kept: Buffer[] = [];
  readonly #hash: Hash = createHash('sha256');

  constructor(name: FileName, size: number) {
    this.size = size;
    this.isKept = size <= (KEPT.get(name) ?? -1);
  }

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    if (this.isKept) this.#kept.push(bytes);
  }

  get content(): Buffer {
    return Buffer.concat(this.#kept);
  }

  found(): FoundFile {
    return { size: this.size, sha256: this.#hash.copy().digest('hex') };
  }
}

function manifestOf(files: ReadonlyMap<FileName, ReadFile>): Manifest {
  const file = files.get(MANIFEST_NAME);
  if (file === undefined) throw new MeshBackupError('NO_MANIFEST', `The snapshot has no ${MANIFEST_NAME}.`);
  if (!file.isKept) {
    throw new MeshBackupError('MANIFEST_INVALID', `The manifest is longer than ${MAX_MANIFEST_BYTES} bytes.`);
  }
  return parseManifest(file.content);
}

function artifactsOf(
  files: ReadonlyMap<FileName, ReadFile>,
  { digests }: Manifest,
): Record<ArtifactName, FoundFile> {
  const found = ARTIFACT_NAMES.map((name) => {
    const file = files.get(name);
    if (file === undefined) {
      throw new MeshBackupError('MISSING_ARTIFACT', `The snapshot has no ${name}.`);
    }
    return [name, file.found()] as const;
  });
  const unnamed = ARTIFACT_NAMES.find((name) => !digests.has(name));
  if (unnamed !== undefined) {
    throw new MeshBackupError(
      'EXTRA_FILE',
      `The snapshot holds ${unnamed}, which its manifest does not name.`,
    );
  }
  return Object.fromEntries(found) as Record<ArtifactName, FoundFile>;
}

function assertSums(artifacts: Readonly<Record<ArtifactName, FoundFile>>, { digests }: Manifest): void {
  const changed = ARTIFACT_NAMES.find((name) => artifacts[name].sha256 !== digests.get(name));
  if (changed === undefined) return;
  throw new MeshBackupError('CHECKSUM_ERROR', `${changed} is not what was signed: its SHA-256 is another.`, {
    hint: 'Is there another copy?',
  });
}

function migrationsOf(file: ReadFile): readonly string[] | undefined {
  return file.isKept ? parseCursor(file.content) : undefined;
}

/** Opens, verifies and closes. Throws as `Snapshot` does. */
export async function verifyFile(
  path: string,
  trust: Trust,
  settings: SnapshotSettings,
): Promise<VerifiedSnapshot> {
  const snapshot = await Snapshot.open(path, settings);
  try {
    return await snapshot.verify(trust);
  } finally {
    await snapshot.close();
  }
}
