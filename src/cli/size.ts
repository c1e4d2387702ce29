import { MeshBackupError } from '../errors.ts';

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['b', 1n],
  ['kb', 10n ** 3n],
  ['mb', 10n ** 6n],
  ['gb', 10n ** 9n],
  ['tb', 10n ** 12n],
  ['kib', 2n ** 10n],
  ['mib', 2n ** 20n],
  ['gib', 2n ** 30n],
  ['tib', 2n ** 40n],
]);

/**
 * Parses a size into bytes: `64MiB`, `1GiB`, `500kB`, `1.5GB` or plain bytes; parts of a byte are cut off.
 * `M` alone is refused: one tool's 1,000,000 is another's 1,048,576. Throws `USAGE`.
 */
export function parseSizeBytes(text: string): number {
  const match = /^(\d+)(?:\.(\d+))? ?([a-z]*)$/i.exec(text);
  const [, whole = '', fraction = '', unit = ''] = match ?? [];
  const unitBytes = match === null ? undefined : UNITS.get(unit.toLowerCase());
  if (unitBytes === undefined) throw badSize(text, 'is no size: write it like 64MiB, 1GiB, 500kB or 1048576');
  const bytes = Number((BigInt(whole + fraction) * unitBytes) / 10n ** BigInt(fraction.length));
  if (!Number.isSafeInteger(bytes)) throw badSize(text, 'is larger than any file');
  return bytes;
}

function badSize(text: string, problem: string): MeshBackupError {
  return new MeshBackupError('USAGE', `'${text}' ${problem}`);
}
