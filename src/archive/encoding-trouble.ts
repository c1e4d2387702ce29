import type { Line } from '../jsonl/line-file.ts';

/** What a file's first line gives away of an encoding that is not UTF-8. */
export function encodingTrouble({ source, start, end }: Line): string[] {
  const [first, second] = source.subarray(start, Math.min(end, start + 2));
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? ['it is UTF-16: make it UTF-8 first'] : [];
}
