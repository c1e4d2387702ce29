import type { ByteFeed } from './byte-feed.ts';
import { parsePaxRecords } from './pax-records.ts';
import { notTar, snapshotCut } from './snapshot-failure.ts';
import { BLOCK_BYTES, parseTarHeader, type TarHeader } from './tar-header.ts';

/** Python needs 28 bytes for the time. */
const MAX_RECORDS_BYTES = 64 * 1024;

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** An entry, and behind that of a file its content, in pieces. */
export type TarPart =
  | { readonly kind: 'file' | 'folder'; readonly name: string; readonly size: number }
  | { readonly kind: 'data'; readonly bytes: Buffer };

/**
 * Reads a tar archive to the very end of its bytes. Stricter than any reader: what passes is read the same way by all.
 * Throws `SNAPSHOT_CUT`, `SNAPSHOT_TOO_LARGE`, and as `parseTarHeader` and `parsePaxRecords` do.
 */
export async function* readTarEntries(feed: ByteFeed): AsyncGenerator<TarPart, void, undefined> {
  for (;;) {
    const block = await feed.exactly(BLOCK_BYTES);
    if (block === undefined) throw snapshotCut();
    if (isZero(block)) break;
    const header = parseTarHeader(block);
    const { kind, name, size } = header.kind === 'records' ? await withRecords(feed, header.size) : header;
    if (kind === 'records') throw notTar('records stand behind records');
    feed.assertRoomFor(size);
    yield { kind, name, size };
    for (let lacking = size; lacking > 0;) {
      const bytes = await feed.some(lacking);
      if (bytes === undefined) throw snapshotCut();
      yield { kind: 'data', bytes };
      lacking -= bytes.length;
    }
    await skipPadding(feed, size);
  }
  await assertEnd(feed);
}

/** The entry that records of so many bytes are about. */
async function withRecords(feed: ByteFeed, length: number): Promise<TarHeader> {
  if (length > MAX_RECORDS_BYTES) throw notTar('its records are too long');
  const records = length === 0 ? Buffer.alloc(0) : await feed.exactly(length);
  if (records === undefined) throw snapshotCut();
  await skipPadding(feed, length);
  const size = parsePaxRecords(records);
  const block = await feed.exactly(BLOCK_BYTES);
  if (block === undefined) throw snapshotCut();
  const header = parseTarHeader(block);
  if (size === undefined) return header;
  // Who does not know of the record must not see another file.
  if (header.kind !== 'file' || header.size !== 0) throw notTar('it gives two sizes for one entry');
  return { ...header, size };
}

/** Python looks for records in the padding, too. */
async function skipPadding(feed: ByteFeed, size: number): Promise<void> {
  const length = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  if (length === 0) return;
  const padding = await feed.exactly(length);
  if (padding === undefined) throw snapshotCut();
  if (!isZero(padding)) throw notTar('something stands between two entries');
}

/** Behind the first block of zeros: another one, and nothing but zeros in whole blocks. */
async function assertEnd(feed: ByteFeed): Promise<void> {
  for (let blocks = 0; ; blocks++) {
    const block = await feed.exactly(BLOCK_BYTES);
    if (block === undefined) {
      if (blocks === 0) throw snapshotCut();
      return;
    }
    if (!isZero(block)) throw notTar('something stands behind its end');
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.length));
}
