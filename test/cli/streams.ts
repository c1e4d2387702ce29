import { Writable } from 'node:stream';
import type { OutputStream } from '../../src/cli/output.ts';

/** A stream that keeps what is written, as a terminal of a size or as none. */
export class Sink extends Writable {
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  text = '';

  constructor(terminal?: { columns: number; rows: number }) {
    super({ decodeStrings: false });
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns ?? 0;
    this.rows = terminal?.rows ?? 0;
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A stream whose every write fails with this code. */
export function failingStream(code: string): OutputStream {
  return new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error(`write ${code}`), { code }));
    },
  }).on('error', () => undefined);
}
