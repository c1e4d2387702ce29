/**
 * Standard Base64 with padding, as Go's `base64.StdEncoding` decodes it: line breaks inside are skipped, padding is
 * required, bits behind the last byte are not looked at. `undefined` where Go reports an error.
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (!STANDARD.test(text))
    return /[\r\n]/.test(text) ? decodeBase64(text.replaceAll(/[\r\n]/g, '')) : undefined;
  return text.length % 4 === 0 ? Buffer.from(text, 'base64') : undefined;
}

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
