import type { Line } from '../jsonl/line-file.ts';

/** So much of the beginning is looked at. */
const LOOKED_AT = 4096;
const OPEN_OBJECT = 0x7b;

/** Why a text is none that lines of JSON can be read from, by its first bytes; `undefined` where it may be one. */
export function textFlaw(beginning: Buffer): string | undefined {
  const flaw = utf16Flaw({ source: beginning, start: 0, end: beginning.length });
  if (flaw !== undefined) return flaw;
  return beginning.subarray(0, LOOKED_AT).includes(0) ? 'it holds NUL bytes: this is no text' : undefined;
}

/** The same for UTF-16 alone, by a text's first line: its mark, or the zero beside its first character. */
export function utf16Flaw({
  source,
  start,
  end,
}: Pick<Line, 'source' | 'start' | 'end'>): string | undefined {
  if (end - start < 2) return undefined;
  const [first, second] = [source[start]!, source[start + 1]!];
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const isBare = (first === 0 && second === OPEN_OBJECT) || (first === OPEN_OBJECT && second === 0);
  return isMarked || isBare ? 'it is UTF-16: lines of JSON are UTF-8' : undefined;
}
