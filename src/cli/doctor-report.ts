import type { Check } from '../doctor/check.ts';
import { MeshBackupError } from '../errors.ts';
import { line, paragraph, styled, type Line, type Style } from './line.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import { wrapToWidth } from './text-width.ts';

const SIGNS = { ok: '✅', warning: '⚠️ ', failure: '❌', skipped: '➖' } as const;
const STYLES = { ok: undefined, warning: 'yellow', failure: 'red', skipped: 'dim' } as const;
const SIGN_COLUMNS = 3;
const WHAT_COLUMNS = 11;
const MAX_WHAT = 40;
const LEAST_COLUMNS = 20;
const MAX_CHARACTERS = 1000;

/** Tells of checks as they come, and keeps count. */
export class DoctorReport {
  readonly #output: Output;
  readonly #counts = { ok: 0, warning: 0, failure: 0, skipped: 0 };

  constructor(output: Output) {
    this.#output = output;
  }

  /** Throws as `Output.print` does. */
  async tell(...checks: readonly Check[]): Promise<void> {
    for (const check of checks) {
      this.#counts[check.state]++;
      if (this.#output.json) this.#output.record({ type: 'check', ...check });
      else for (const text of checkLines(check, columnsOf(this.#output))) await this.#output.print(text);
    }
  }

  /** Ends the report: the error where something does not work. */
  end(): MeshBackupError | undefined {
    const { failure, ...others } = this.#counts;
    const all = failure + others.ok + others.warning + others.skipped;
    const error =
      failure === 0 ? undefined : new MeshBackupError('NOT_WELL', `${failure} of ${all} checks failed.`);
    if (error !== undefined) this.#output.fail(error);
    this.#output.record({
      type: 'summary',
      exitStatus: error?.exitStatus ?? 0,
      checks: all,
      ok: others.ok,
      warnings: others.warning,
      failures: failure,
      skipped: others.skipped,
    });
    return error;
  }
}

function columnsOf({ stdout }: Output): number {
  return stdout.isTTY === true ? (stdout.columns ?? Infinity) : Infinity;
}

/** On a terminal what does not fit a line goes on below its beginning. */
function checkLines({ what, state, text, advice }: Check, columns: number): Line[] {
  const name = line`${SIGNS[state]} ${styled('bold', printable(what, MAX_WHAT).padEnd(WHAT_COLUMNS))}  `;
  const style = STYLES[state];
  return [
    ...hang(name, text, columns, WHAT_COLUMNS + SIGN_COLUMNS + 2, style),
    ...(advice === undefined ? [] : hang(line`   → `, advice, columns, SIGN_COLUMNS + 2)),
  ];
}

function hang(first: Line, text: string, columns: number, indent: number, style?: Style): Line[] {
  const width = Math.max(LEAST_COLUMNS, columns - indent);
  return wrapToWidth(printable(text, MAX_CHARACTERS), width).map((part, number) => {
    const shown = style === undefined ? paragraph(part) : styled(style, paragraph(part));
    return line`${number === 0 ? first : ' '.repeat(indent)}${shown}`;
  });
}
