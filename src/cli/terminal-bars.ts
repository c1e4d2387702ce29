import { clearScreenDown } from 'node:readline';
import cliProgress, { type MultiBar, type Options } from 'cli-progress';
import type { Display, OutputStream } from './output.ts';
import { progressRows, type ProgressSnapshot } from './progress-rows.ts';

const REDRAWS_PER_SECOND = 10;

/**
 * Progress as rows at the bottom of a terminal, redrawn by cli-progress's own timer until `stop`. It changes no setting
 * of the terminal (cursor, wrapping), so nothing is left to restore when the process dies.
 */
export class TerminalBars implements Display {
  readonly #stream: OutputStream;
  #snapshot: ProgressSnapshot;
  #bars: MultiBar | undefined;
  #barCount = 0;
  #rows: readonly string[] = [];
  #interjections = '';

  constructor(stream: OutputStream, snapshot: ProgressSnapshot) {
    this.#stream = stream;
    this.#snapshot = snapshot;
    this.update(snapshot);
  }

  update(snapshot: ProgressSnapshot): void {
    this.#snapshot = snapshot;
    this.#layOut();
    if (this.#rows.length < this.#barCount) this.stop(); // bars can be added, not taken away
    this.#bars ??= this.#makeBars();
    for (; this.#barCount < this.#rows.length; this.#barCount++) {
      this.#bars.create(1, 0, { row: this.#barCount });
    }
  }

  interject(text: string): void {
    this.#interjections += text;
    if (this.#bars === undefined) this.#writeInterjections();
    else this.#bars.update();
  }

  /** Takes the display off the screen; what was interjected stays. */
  stop(): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#barCount = 0;
  }

  /** The last column stays free: some terminals wrap as soon as it is written. */
  #layOut(): void {
    const { columns = 80, rows = 24 } = this.#stream;
    this.#rows = progressRows(this.#snapshot, columns - 1, Math.max(1, rows - 2), drawBar);
  }

  #makeBars(): MultiBar {
    const bars = new cliProgress.MultiBar({
      stream: this.#stream,
      fps: REDRAWS_PER_SECOND,
      clearOnComplete: true,
      gracefulExit: false, // signals are signals.ts's
      linewrap: true, // leaves the terminal's wrapping alone
      forceRedraw: true, // a line may have been written where a row was
      emptyOnZero: true,
      format: (_options, _params, payload: { row: number }) => this.#rows[payload.row] ?? '',
    });
    bars.on('redraw-pre', () => {
      this.#layOut(); // the window may have changed
      if (this.#interjections === '') return;
      clearScreenDown(this.#stream);
      this.#writeInterjections();
    });
    return bars;
  }

  #writeInterjections(): void {
    this.#stream.write(this.#interjections);
    this.#interjections = '';
  }
}

const drawBar = (fraction: number, columns: number): string => {
  const { barCompleteChar, barIncompleteChar } = cliProgress.Presets.legacy;
  const options: Options = {
    barsize: columns,
    barCompleteString: barCompleteChar.repeat(columns),
    barIncompleteString: barIncompleteChar.repeat(columns),
    barGlue: '',
  };
  return cliProgress.Format.BarFormat(fraction, options);
};
