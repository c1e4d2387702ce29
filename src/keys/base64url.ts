/**
 * The bytes that a text spells in base64url without padding, as Stigmem writes keys and signatures. `undefined` unless
 * it is the one spelling of exactly `length` bytes: two spellings of one key would pass for two keys.
 */
export function decodeBase64url(text: string, length: number): Buffer | undefined {
  if (text.length !== Math.ceil((length * 4) / 3)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : undefined;
}
