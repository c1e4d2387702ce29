import type { Writable } from 'node:stream';
import type { MeshBackupError } from '../errors.ts';
import { wantsColour, type ColourChoice } from './colour.ts';
import { line, paragraph, styled, type Line } from './line.ts';
import { printableJson } from './printable.ts';
import { writeAll } from './write-all.ts';

/** A stream of the process: `columns` and `rows` are there when it is a terminal. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** One line of `--json`. Bigints become decimal strings; what is `undefined` is left out. */
export interface JsonRecord {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface OutputSettings {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: NodeJS.ProcessEnv;
  readonly colour: ColourChoice;
  readonly verbose: boolean;
  /** Records instead of lines for people, and where to; `undefined` without `--json`. */
  readonly jsonTo: 'stdout' | 'stderr' | undefined;
}

/** Something that is drawn at the bottom of the terminal and makes room for a line: see `progress.ts`. */
export interface Display {
  /** Prints the text (with its line end) above the display. */
  interject(text: string): void;
}

/** A command's way to the user. With `--json` it writes records only; without, lines on stderr and data on stdout. */
export class Output {
  readonly verbose: boolean;
  readonly json: boolean;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly #settings: OutputSettings;
  #display: Display | undefined;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
    this.verbose = settings.verbose;
    this.json = settings.jsonTo !== undefined;
    this.stdout = settings.stdout;
    this.stderr = settings.stderr;
  }

  /** Whether somebody is looking: stderr is a terminal that can be drawn on, and `--json` was not given. */
  get isTerminal(): boolean {
    return !this.json && this.stderr.isTTY === true && this.#settings.env['TERM'] !== 'dumb';
  }

  /** A line on stderr. */
  tell(text: Line): void {
    this.#say('info', text);
  }

  /** A line on stderr with `-verbose` only. */
  detail(text: Line): void {
    if (this.verbose) this.#say('info', text);
  }

  /** A line on stderr that somebody should read. */
  warn(text: Line): void {
    this.#say('warning', text);
  }

  /** An error on stderr, with its hint. */
  fail(error: MeshBackupError): void {
    const { code, exitStatus, hint, message } = error;
    if (this.json) {
      this.record({ type: 'error', code, exitStatus, message, hint });
      return;
    }
    this.#say('error', line`${styled('red', 'Error:')} ${paragraph(message)}`);
    if (hint !== undefined) this.#say('error', paragraph(hint));
  }

  /** A record for scripts; nothing without `--json`. */
  record(record: JsonRecord): void {
    const { jsonTo } = this.#settings;
    if (jsonTo === undefined) return;
    const json = JSON.stringify(record, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    this.#settings[jsonTo].write(`${printableJson(json)}\n`);
  }

  /** Bytes on stdout, where a slow reader is waited for. Throws `READER_GONE`, `FILE_UNWRITABLE`. */
  async write(bytes: Uint8Array | string): Promise<void> {
    await writeAll(this.stdout, bytes);
  }

  /** A line for people on stdout, for commands whose result it is. Throws as `write` does. */
  async print(text: Line): Promise<void> {
    const { colour, env } = this.#settings;
    await this.write(`${text.render(wantsColour(colour, env, this.stdout.isTTY === true))}\n`);
  }

  /** Resolves when all that was said has left the process. Throws `READER_GONE` when stdout's reader went away. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.stderr.write('', () => {
        resolve();
      }),
    );
    await writeAll(this.stdout, '');
  }

  /** Lets a display draw below all lines, until the function that comes back is called. */
  attach(display: Display): () => void {
    this.#display = display;
    return () => {
      this.#display = undefined;
    };
  }

  #say(level: 'info' | 'warning' | 'error', text: Line): void {
    if (this.json) {
      this.record({ type: 'message', level, text: text.render(false) });
      return;
    }
    const { colour, env } = this.#settings;
    const rendered = `${text.render(wantsColour(colour, env, this.stderr.isTTY === true))}\n`;
    if (this.#display === undefined) this.stderr.write(rendered);
    else this.#display.interject(rendered);
  }
}
