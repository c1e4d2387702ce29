import { notAFile, notTar, unsafeName } from './snapshot-failure.ts';

/** The first size that a header's own field cannot hold. */
const LARGE = 8 ** 11;
/** Python writes the shortest spelling of its number: `1e-07`. */
const TIME = /^-?\d{1,12}(\.\d{1,20})?(e-\d{1,3})?$/;
const NUMBER = /^\d{1,20}$/;
const TEXT = /^[^\0]*$/;

/** Records that change nothing of what is unpacked, and how they must look. */
const HARMLESS = new Map([
  ['mtime', TIME],
  ['atime', TIME],
  ['ctime', TIME],
  ['uid', NUMBER],
  ['gid', NUMBER],
  // That names are bytes: those that count are ASCII.
  ['hdrcharset', /^BINARY$/],
  ['uname', TEXT],
  ['gname', TEXT],
]);

/**
 * Reads the extended records of one entry, of which Python writes the time and, from 8 GiB on, the size. Returns the
 * size that they give, if they do. Throws `UNSAFE_NAME` for another name, `NOT_A_FILE` for a link or a file with holes,
 * `SNAPSHOT_FORMAT` for all else that a snapshot does not need.
 */
export function parsePaxRecords(bytes: Buffer): number | undefined {
  const seen = new Set<string>();
  let size: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const [, digits] =
      /^([1-9]\d{0,6}) $/.exec(bytes.toString('latin1', at, bytes.indexOf(0x20, at) + 1)) ?? [];
    const end = at + Number(digits);
    if (!(end <= bytes.length) || bytes[end - 1] !== 0x0a) throw notTar('a record has no end');
    const record = bytes.toString('utf8', at + digits!.length + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw notTar('a record has no name');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (seen.has(key)) throw notTar(`it has two records called ${key}`);
    seen.add(key);
    if (key === 'size') size = parseSize(value);
    else assertHarmless(key, value);
    at = end;
  }
  return size;
}

function parseSize(value: string): number {
  const size = /^[1-9]\d{0,15}$/.test(value) ? Number(value) : NaN;
  if (!(size >= LARGE && Number.isSafeInteger(size)))
    throw notTar('a size stands in a record that needs none');
  return size;
}

function assertHarmless(key: string, value: string): void {
  if (HARMLESS.get(key)?.test(value) === true) return;
  if (key === 'path') throw unsafeName('a file with another name than its header tells');
  if (key === 'linkpath') throw notAFile('a file that is a link as well');
  if (key.startsWith('GNU.sparse.')) throw notAFile('a file with holes');
  throw notTar('it has a record that no snapshot needs');
}
