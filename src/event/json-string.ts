import { isUtf8 } from 'node:buffer';

/** What the scanner saw in a string: an escape, a byte above 0x7f. */
export const ESCAPED = 1;
export const NON_ASCII = 2;

const REPLACEMENT = '\ufffd';

/**
 * The value of a JSON string as Go reads it, from the byte range of its raw inside (grammar already checked): every byte
 * that is no UTF-8 and every lone surrogate becomes U+FFFD.
 */
export function decodeJsonString(bytes: Buffer, start: number, end: number, traits: number): string {
  if (traits === 0) return bytes.toString('latin1', start, end);
  const text =
    traits & NON_ASCII ? decodeUtf8(bytes.subarray(start, end)) : bytes.toString('latin1', start, end);
  return traits & ESCAPED ? (JSON.parse(`"${text}"`) as string).toWellFormed() : text;
}

/** UTF-8 as Go decodes it: where a sequence is wrong, ONE byte becomes U+FFFD and decoding goes on behind it. */
function decodeUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    parts.push(length === 0 ? REPLACEMENT : bytes.toString('utf8', at, at + length));
    at += length || 1;
  }
  return parts.join('');
}

/** Bytes of the well-formed sequence at `at`, 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
