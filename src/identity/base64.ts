/**
 * Standard Base64 with padding, as Go's `base64.StdEncoding` decodes it: line breaks inside are skipped, padding is
 * required, bits behind the last byte are not looked at. `undefined` where Go reports an error.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const packed = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text;
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  return Buffer.from(packed, 'base64');
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
