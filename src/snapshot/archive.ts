import { MeshBackupError } from '../errors.ts';
import { CUT_OFF, gunzip } from '../jsonl/gunzip.ts';
import { ByteFeed } from './byte-feed.ts';
import { ARTIFACTS_FOLDER, FILE_NAMES, type FileName } from './format.ts';
import type { FileInput } from './open-input.ts';
import { notTar, snapshotCut } from './snapshot-failure.ts';
import { readTarEntries } from './tar-entries.ts';

/** What a file of gzip begins with. */
const GZIP = Buffer.from([0x1f, 0x8b]);

/** One of the three files, and behind it its content, in pieces. */
export type ArchivePart =
  | { readonly kind: 'file'; readonly name: FileName; readonly size: number }
  | { readonly kind: 'data'; readonly bytes: Buffer };

export interface ArchiveSettings {
  /** Of unpacked data, headers and padding included. */
  readonly maxBytes: number;
  /** Gets every byte of the file as it lies there. */
  readonly raw?: (bytes: Buffer) => void;
}

/**
 * Reads an archive to the last byte of its file, which unpacks nothing and takes the memory of a chunk. No file comes
 * twice and none that is not known, in whatever order. Throws `SNAPSHOT_FORMAT`, `SNAPSHOT_CUT`, `SNAPSHOT_TOO_LARGE`,
 * `UNSAFE_NAME`, `NOT_A_FILE`, `DUPLICATE_FILE`, `EXTRA_FILE`, `FILE_UNREADABLE`: what comes first in the file.
 */
export async function* readArchive(
  input: FileInput,
  { maxBytes, raw = () => undefined }: ArchiveSettings,
): AsyncGenerator<ArchivePart, void, undefined> {
  const feed = new ByteFeed(unpack(input, raw), maxBytes);
  const seen = new Set<string>();
  try {
    for await (const part of readTarEntries(feed)) {
      if (part.kind === 'data') {
        yield part;
        continue;
      }
      const { kind, name, size } = part;
      assertOnce(name, seen);
      if (kind === 'folder' && name === ARTIFACTS_FOLDER) continue;
      const known = FILE_NAMES.find((one) => one === name);
      if (kind === 'folder' || known === undefined) {
        throw new MeshBackupError('EXTRA_FILE', `The snapshot holds what belongs to no snapshot: "${name}".`);
      }
      yield { kind, name: known, size };
    }
  } finally {
    await feed.close();
  }
}

/** Names that are one on a disk that does not tell capitals from small letters are one. */
function assertOnce(name: string, seen: Set<string>): void {
  const folded = name.toLowerCase();
  if (seen.has(folded)) {
    throw new MeshBackupError('DUPLICATE_FILE', `The snapshot holds "${name}" twice.`);
  }
  seen.add(folded);
}

/** Several gzip members are one text, for Python too; zeros behind the last one are padding, all else is refused. */
async function* unpack(
  input: FileInput,
  raw: (bytes: Buffer) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let head: Buffer | undefined;
  const damage = yield* gunzip(input, (bytes) => {
    head ??= bytes;
    raw(bytes);
  });
  if (damage === undefined) return;
  if (head === undefined) throw notTar('it is empty');
  if (!GZIP.subarray(0, head.length).equals(head.subarray(0, GZIP.length))) {
    throw notTar('it is not compressed with gzip', 'Is it encrypted, or something else?');
  }
  throw damage === CUT_OFF ? snapshotCut() : notTar(damage);
}
