import { Header } from 'tar';
import { assertSafeName } from './entry-name.ts';
import { notAFile, notTar, unsafeName } from './snapshot-failure.ts';

export const BLOCK_BYTES = 512;

/** What an entry's header says, before extended records change it. */
export interface TarHeader {
  readonly kind: 'file' | 'folder' | 'records';
  readonly name: string;
  readonly size: number;
}

const KINDS = new Map<string, TarHeader['kind']>([
  ['0', 'file'],
  ['5', 'folder'],
  ['x', 'records'],
]);

/** From, to, and what may stand there: readers differ in what they make of anything else. */
const OCTAL = /^ *[0-7]*[ \0]*$/;
const NUMBERS = [
  [100, 108], // mode
  [108, 116], // uid
  [116, 124], // gid
  [136, 148], // mtime
  [329, 337], // device numbers
  [337, 345],
] as const;
const SIZE = [124, 136] as const;
const REQUIRED_OCTAL = /^ *[0-7]+[ \0]+$/;
const CHECKSUM = [148, 156] as const;
const TYPE = 156;
const LINK_NAME = [157, 257] as const;
const MAGIC = [257, 265] as const;
const MAGICS = ['ustar\x0000', 'ustar  \0'];
/** The prefix of long names, and where GNU and others put what they know besides. */
const REST = [345, BLOCK_BYTES] as const;

/**
 * Reads one header of 512 bytes, such as hold whatever a snapshot needs, and in which no two readers can see different
 * things. Throws `SNAPSHOT_FORMAT`, `UNSAFE_NAME`, `NOT_A_FILE`.
 */
export function parseTarHeader(block: Buffer): TarHeader {
  if (!REQUIRED_OCTAL.test(textOf(block, CHECKSUM))) throw notTar('a header has no checksum');
  if (!hasValidChecksum(block)) throw notTar('the checksum of a header does not fit');
  const size = sizeOf(block);
  const type = String.fromCharCode(block[TYPE]!);
  const kind = KINDS.get(type);
  const name = nameOf(block);
  if (kind !== 'records') {
    assertOfOneEntry(type);
    // Before what it is: that the name of a link leads out is the worse of the two.
    assertSafeName(kind === 'folder' ? name.replace(/\/$/, '') : name);
  }
  if (kind === undefined) throw notAFile('a link, a device or the like');
  if (!MAGICS.includes(textOf(block, MAGIC))) throw notTar('a header is of a kind that is not known');
  if (!isEmpty(block, LINK_NAME)) throw notAFile('a file that is a link as well');
  if (!isEmpty(block, REST)) throw notTar('a header holds more than a snapshot needs');
  if (!NUMBERS.every((field) => OCTAL.test(textOf(block, field))))
    throw notTar('a header has a field that is no number');
  if (kind === 'folder' && size !== 0) throw notTar('a folder has content');
  return { kind, name: kind === 'folder' ? name.replace(/\/$/, '') : name, size };
}

/** Base-256, signs and the like are how sizes lie to one reader and not to another. */
function sizeOf(block: Buffer): number {
  const text = textOf(block, SIZE);
  if (!REQUIRED_OCTAL.test(text)) throw notTar('a header has a size that is no octal number');
  // Not what the library says: to it, a folder has none.
  return Number.parseInt(text, 8);
}

/** The library throws errors of its own at numbers that it cannot read. */
function hasValidChecksum(block: Buffer): boolean {
  try {
    return new Header(block).cksumValid;
  } catch {
    throw notTar('a header has a field that is no number');
  }
}

function nameOf(block: Buffer): string {
  const [name = '', ...behind] = textOf(block, [0, 100]).split('\0');
  if (behind.some((part) => part !== '')) throw notTar('a name goes on behind its end');
  return name;
}

/** Throws for what would change how the entries behind it are read. */
function assertOfOneEntry(type: string): void {
  if (type === 'L' || type === 'N') throw unsafeName('a long name, which no file of a snapshot has');
  if (type === 'K') throw notAFile('the long name of a link');
  if (type === 'g' || type === 'X') throw notTar('it has records that a snapshot does not need');
}

function textOf(block: Buffer, [from, to]: readonly [number, number]): string {
  return block.toString('latin1', from, to);
}

function isEmpty(block: Buffer, [from, to]: readonly [number, number]): boolean {
  return block.subarray(from, to).every((byte) => byte === 0);
}
