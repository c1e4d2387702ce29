/**
 * The step that makes XChaCha20 of the ChaCha20 that OpenSSL has: a second opinion beside the library. Source:
 * draft-irtf-cfrg-xchacha, section 2.2.
 */
export function hChaCha20(key: Buffer, nonce: Buffer): Buffer {
  const words = (bytes: Buffer): number[] =>
    Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32LE(4 * at));
  const x = Uint32Array.from([...words(Buffer.from('expand 32-byte k')), ...words(key), ...words(nonce)]);
  const step = (a: number, b: number, c: number, bits: number): void => {
    x[a]! += x[b]!;
    const mixed = x[c]! ^ x[a]!;
    x[c] = (mixed << bits) | (mixed >>> (32 - bits));
  };
  const quarter = (a: number, b: number, c: number, d: number): void => {
    step(a, b, d, 16);
    step(c, d, b, 12);
    step(a, b, d, 8);
    step(c, d, b, 7);
  };
  for (let round = 0; round < 10; round++) {
    for (let column = 0; column < 4; column++) quarter(column, column + 4, column + 8, column + 12);
    for (let column = 0; column < 4; column++) {
      quarter(column, 4 + ((column + 1) % 4), 8 + ((column + 2) % 4), 12 + ((column + 3) % 4));
    }
  }
  const out = Buffer.alloc(32);
  for (const [at, word] of [...x.slice(0, 4), ...x.slice(12)].entries()) out.writeUInt32LE(word, 4 * at);
  return out;
}
