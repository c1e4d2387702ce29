import { MeshBackupError } from '../errors.ts';
import { Header, type HeaderData } from 'tar';
import { BLOCK_BYTES } from './tar-header.ts';

/** Archives end at a multiple of this, for tapes' sake: Python's do. */
const RECORD_BYTES = 20 * BLOCK_BYTES;
/** The first size that a header's own field cannot hold. */
const LARGE = 8 ** 11;

export interface TarEntry {
  readonly path: string;
  readonly type: 'File' | 'Directory';
  readonly mode: number;
  readonly size: number;
  /** Exactly `size` bytes, in pieces. */
  readonly content: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** The bytes of a tar archive that tell nothing of the machine it is made on. Throws `FILE_CHANGED`, and what contents throw. */
export async function* makeTar(
  entries: readonly TarEntry[],
  mtime: Date,
): AsyncGenerator<Buffer, void, undefined> {
  let length = 0;
  const counted = (bytes: Buffer): Buffer => {
    length += bytes.length;
    return bytes;
  };
  for (const { content, ...fields } of entries) {
    yield counted(headerOf(fields, mtime));
    let lacking = fields.size;
    for await (const bytes of content) {
      lacking -= bytes.length;
      yield counted(bytes);
    }
    if (lacking !== 0) {
      throw new MeshBackupError('FILE_CHANGED', `${fields.path} is not as long as it was.`);
    }
    yield counted(Buffer.alloc(paddingOf(fields.size, BLOCK_BYTES)));
  }
  const end = 2 * BLOCK_BYTES;
  yield Buffer.alloc(end + paddingOf(length + end, RECORD_BYTES));
}

function headerOf({ path, type, mode, size }: Omit<TarEntry, 'content'>, mtime: Date): Buffer {
  const shared = { uid: 0, gid: 0, uname: '', gname: '', mtime };
  if (size < LARGE) return block({ ...shared, path, type, mode, size });
  const record = sizeRecord(size);
  const records = {
    ...shared,
    path: '././@PaxHeader',
    type: 'ExtendedHeader',
    mode: 0,
    size: record.length,
  } as const;
  return Buffer.concat([
    block(records),
    record,
    Buffer.alloc(paddingOf(record.length, BLOCK_BYTES)),
    block({ ...shared, path, type, mode, size: 0 }),
  ]);
}

function block(fields: HeaderData): Buffer {
  const header = new Header(fields);
  header.encode();
  return header.block!;
}

/** Counts its own length, which is of two digits for all sizes that need it. */
function sizeRecord(size: number): Buffer {
  const rest = ` size=${size}\n`;
  return Buffer.from(`${rest.length + 2}${rest}`);
}

function paddingOf(size: number, unit: number): number {
  return (unit - (size % unit)) % unit;
}
