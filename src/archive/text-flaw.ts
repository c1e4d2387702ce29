const UTF_16 = [Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff)];
/** So much of the beginning is looked at. */
const LOOKED_AT = 4096;

/** Why a text is none that lines of JSON can be read from, by its first bytes; `undefined` where it may be one. */
export function textFlaw(beginning: Buffer): string | undefined {
  if (UTF_16.some((mark) => beginning.subarray(0, mark.length).equals(mark))) {
    return 'the text is UTF-16: lines of JSON are UTF-8';
  }
  return beginning.subarray(0, LOOKED_AT).includes(0) ? 'it holds NUL bytes: this is no text' : undefined;
}
