import { openSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { MeshBackupError } from '../errors.ts';
import type { Line } from './line.ts';
import type { Output } from './output.ts';

export interface AskSurroundings {
  readonly output: Output;
  readonly stdin: Readable;
  readonly signal: AbortSignal;
}

/** Asserts that there is somebody to ask, as far as that is known beforehand. Throws `USAGE`. */
export function assertCanAsk(output: Output): void {
  if (!output.isTerminal) throw nobodyThere();
}

/**
 * Asks on the terminal; whatever does not begin with y is no. Where stdin is the data, the terminal itself is asked.
 * Throws `USAGE` where there is none, and the signal's reason.
 */
export async function askYesNo(question: Line, { output, stdin, signal }: AskSurroundings): Promise<boolean> {
  assertCanAsk(output);
  const isTyped = (stdin as Partial<ReadStream>).isTTY === true;
  const input = isTyped ? stdin : openTerminal();
  const lines = createInterface({ input });
  const stop = (): void => {
    lines.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    output.tell(question);
    const answer = await firstLine(lines);
    signal.throwIfAborted();
    return /^\s*y/i.test(answer);
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    if (!isTyped) input.destroy();
  }
}

/** '' at the end of the input. */
async function firstLine(lines: AsyncIterable<string>): Promise<string> {
  for await (const answer of lines) return answer;
  return '';
}

function openTerminal(): Readable {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    throw nobodyThere();
  }
}

function nobodyThere(): MeshBackupError {
  return new MeshBackupError('USAGE', 'There is no terminal to ask on whether to replace the stash.', {
    hint: '--yes goes on without asking, --dry-run only looks.',
  });
}
