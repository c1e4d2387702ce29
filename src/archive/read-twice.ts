import { MeshBackupError } from '../errors.ts';
import { LineFile, type Line } from '../jsonl/line-file.ts';
import { LineSplitter } from '../jsonl/line-splitter.ts';
import { HeldText } from './held-text.ts';

/** Lines that can be read. */
export type LineSource = Pick<LineFile, 'path' | 'batches' | 'damage'>;

/**
 * Reads files once, and gives what reads them again: files by their names, what comes in a stream from a private copy of
 * its text. Whoever calls this calls `close` of what comes back. Throws `FILE_UNREADABLE`, `NO_ROOM`, `TEMPORARY_FILE`,
 * and what `onLines` throws.
 */
export class SecondReading {
  readonly sources: LineSource[] = [];
  readonly #closers: (() => void | Promise<void>)[] = [];

  async read(file: LineFile, folder: string, onLines: (lines: readonly Line[]) => void): Promise<void> {
    if (file.size !== Infinity) {
      for await (const lines of file.batches()) onLines(lines);
      const again = await LineFile.open(file.path);
      if (again === undefined)
        throw new MeshBackupError('FILE_UNREADABLE', `Cannot read ${file.path} again: it is gone.`);
      this.#closers.push(() => again.close());
      this.sources.push(again);
      return;
    }
    const text = new HeldText(folder);
    this.#closers.push(() => {
      text.close();
    });
    for await (const lines of file.batches({ plain: (bytes) => text.append(bytes) })) onLines(lines);
    this.sources.push({
      path: file.path,
      damage: file.damage,
      batches: (observe) => splitText(text, observe),
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}

async function* splitText(
  text: HeldText,
  observe: Parameters<LineFile['batches']>[0],
): AsyncGenerator<readonly Line[], void, undefined> {
  const splitter = new LineSplitter();
  for (const block of text.blocks()) {
    await Promise.resolve(); // as all that is read
    observe?.raw?.(block);
    yield splitter.split(block);
  }
  const last = splitter.end();
  if (last) yield [last];
}
