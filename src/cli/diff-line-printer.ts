import type { DiffLine } from '../archive/diff-options.ts';
import type { Output } from './output.ts';

/** Few enough calls, and little enough memory. */
const BUFFER_BYTES = 64 * 1024;
const LINE_FEED = Buffer.from('\n');
const MARKS = { a: Buffer.from('< '), b: Buffer.from('> ') } as const;
const KINDS = { onlyA: 'only-a', onlyB: 'only-b', changed: 'changed' } as const;

/** Prints lines in which backups differ: as they are, or as records where there is `--json`. */
export class DiffLinePrinter {
  readonly #output: Output;
  readonly #isMarked: boolean;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** `isMarked`: say before each line whose it is. */
  constructor(output: Output, isMarked: boolean) {
    this.#output = output;
    this.#isMarked = isMarked;
  }

  /** Throws as `Output.write` does. */
  async add({ kind, side, event, bytes }: DiffLine): Promise<void> {
    if (this.#output.json) {
      const { id, tsNs, svc } = event ?? {};
      const base64 = bytes.toString('base64');
      this.#output.record({ type: 'line', kind: KINDS[kind], side, id, ts: tsNs, svc, bytes: base64 });
      await this.#output.flush();
      return;
    }
    // A copy: the line's bytes are shared.
    this.#parts.push(...(this.#isMarked ? [MARKS[side]] : []), Buffer.from(bytes), LINE_FEED);
    this.#bytes += bytes.length;
    if (this.#bytes >= BUFFER_BYTES) await this.end();
  }

  /** Writes what is left. Throws as `Output.write` does. */
  async end(): Promise<void> {
    const text = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (text.length > 0) await this.#output.write(text);
  }
}
