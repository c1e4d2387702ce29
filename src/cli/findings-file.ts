import { FileLock } from '../jsonl/file-lock.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { openTarget, type Target } from '../jsonl/target.ts';

/** What waits to be written. */
const BUFFER_BYTES = 64 * 1024;

/**
 * A file of NDJSON records that is new each time: whole in its place at the end, or as it was. A pipe or device is
 * written straight through.
 */
export class FindingsFile {
  readonly #target: Target;
  readonly #lock: FileLock | undefined;
  readonly #replacement: Replacement | undefined;
  #waiting: string[] = [];
  #length = 0;

  private constructor(target: Target, lock?: FileLock, replacement?: Replacement) {
    this.#target = target;
    this.#lock = lock;
    this.#replacement = replacement;
  }

  /** Throws `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`. */
  static async open(path: string): Promise<FindingsFile> {
    const target = await openTarget(path);
    if (target.kind === 'stream') return new FindingsFile(target);
    const lock = await FileLock.take(target.path);
    try {
      return new FindingsFile(target, lock, await Replacement.begin(target.path));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Throws `FILE_UNWRITABLE`, `NO_ROOM`, `READER_GONE`. */
  async add(record: object): Promise<void> {
    const text = `${JSON.stringify(record)}\n`;
    this.#waiting.push(text);
    this.#length += text.length;
    if (this.#length >= BUFFER_BYTES) await this.#flush();
  }

  /** Puts it in its place. Throws as `add` does. */
  async commit(): Promise<void> {
    await this.#flush();
    await this.#replacement?.commit();
  }

  async close(): Promise<void> {
    try {
      await this.#replacement?.discard();
      if (this.#target.kind === 'stream') await this.#target.close();
    } finally {
      await this.#lock?.release();
    }
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
    if (bytes.length === 0) return;
    if (this.#target.kind === 'stream') await this.#target.write(bytes);
    else await this.#replacement?.write(bytes);
  }
}
