import type { Line } from './line.ts';
import type { Output } from './output.ts';

/** Draws lines on stdout over those that it drew before, where that is a terminal; elsewhere one after the other. */
export class Redraw {
  readonly #output: Output;
  readonly #canDraw: boolean;
  #drawn = 0;

  constructor(output: Output, env: NodeJS.ProcessEnv) {
    this.#output = output;
    this.#canDraw = output.stdout.isTTY === true && env['TERM'] !== 'dumb';
  }

  /**
   * Lines that a terminal has no rows for are left out, but not the last: what has scrolled away cannot be drawn over.
   * Throws as `Output.print` does.
   */
  async draw(lines: readonly Line[]): Promise<void> {
    const { rows = Infinity } = this.#output.stdout;
    const room = this.#canDraw ? Math.max(1, rows - 1) : Infinity;
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), ...lines.slice(-1)];
    if (this.#canDraw && this.#drawn > 0) await this.#output.write(`\x1b[${this.#drawn}A\x1b[J`);
    for (const text of shown) await this.#output.print(text);
    this.#drawn = shown.length;
  }
}
