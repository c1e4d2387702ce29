import { gzipSync } from 'node:zlib';

/** What a test wants in a header, byte for byte where it matters. */
export interface RawHeader {
  readonly name?: string;
  readonly size?: number | string;
  readonly type?: string;
  readonly link?: string;
  readonly prefix?: string;
  readonly magic?: string;
  readonly mode?: string;
  readonly mtime?: string;
  /** At any place, written before the checksum is made. */
  readonly patch?: readonly [at: number, bytes: string];
  /** Instead of the right one. */
  readonly checksum?: string;
}

export function header(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (at: number, text: string): void => {
    block.write(text, at, 'latin1');
  };
  const { size = 0 } = fields;
  put(0, fields.name ?? '');
  put(100, fields.mode ?? '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, typeof size === 'string' ? size : `${size.toString(8).padStart(11, '0')}\0`);
  put(136, fields.mtime ?? '00000000000\0');
  put(148, ' '.repeat(8));
  put(156, fields.type ?? '0');
  put(157, fields.link ?? '');
  put(257, fields.magic ?? 'ustar\x0000');
  put(345, fields.prefix ?? '');
  if (fields.patch) put(...fields.patch);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** An entry with its content and padding. */
export function entry(fields: RawHeader, content: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    header({ size: bytes.length, ...fields }),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ]);
}

/** Extended records; each counts its own length. */
export function records(...pairs: readonly (readonly [key: string, value: string])[]): string {
  return pairs
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      const length = [1, 2, 3, 4, 5]
        .map((digits) => rest + digits)
        .find((one) => one.toString().length === one - rest)!;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
}

export const pax = (...pairs: readonly (readonly [key: string, value: string])[]): Buffer =>
  entry({ name: '././@PaxHeader', type: 'x' }, records(...pairs));

export const END = Buffer.alloc(1024);

export const gz = (...parts: readonly Buffer[]): Buffer => gzipSync(Buffer.concat(parts));
