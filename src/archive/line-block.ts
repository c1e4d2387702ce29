import type { Line, LineFile } from '../jsonl/line-file.ts';

/** Lines of a file that are judged in one go, wherever: it can be sent to another thread. */
export interface LineBlock {
  /** Whole lines with their line feeds, but for a last one that has none in the file either. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the first line, from 1. */
  readonly number: number;
  /** Where the first line starts in the plain text. */
  readonly offset: number;
  /** One line that is too long to be read; its bytes are not here. */
  readonly isOverlong: boolean;
}

/** Small enough that the last ones to be judged keep nobody waiting, large enough that sending them costs nothing. */
const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** The lines of a file in blocks. Throws as `LineFile.batches` does. */
export async function* blocksOf(
  batches: ReturnType<LineFile['batches']>,
): AsyncGenerator<LineBlock, void, undefined> {
  let filling: FillingBlock | undefined;
  for await (const lines of batches) {
    for (const line of lines) {
      if (filling !== undefined && (line.isOverlong || !filling.hasRoomFor(line))) {
        yield filling.block();
        filling = undefined;
      }
      if (line.isOverlong) yield { ...placeOf(line), bytes: new Uint8Array(0), isOverlong: true };
      else (filling ??= new FillingBlock(line)).add(line);
    }
  }
  if (filling !== undefined) yield filling.block();
}

function placeOf({ number, offset }: Line): Pick<LineBlock, 'number' | 'offset'> {
  return { number, offset };
}

class FillingBlock {
  readonly #place: Pick<LineBlock, 'number' | 'offset'>;
  readonly #buffer: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(first: Line) {
    this.#place = placeOf(first);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, sizeOf(first)));
  }

  hasRoomFor(line: Line): boolean {
    return this.#length + sizeOf(line) <= this.#buffer.length;
  }

  add({ source, start, end, isTorn }: Line): void {
    this.#length += source.copy(this.#buffer, this.#length, start, end);
    if (!isTorn) this.#buffer[this.#length++] = LINE_FEED;
  }

  block(): LineBlock {
    return { ...this.#place, bytes: this.#buffer.subarray(0, this.#length), isOverlong: false };
  }
}

function sizeOf({ start, end }: Line): number {
  return end - start + 1;
}
