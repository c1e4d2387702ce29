import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { openTarget, type Target } from '../jsonl/target.ts';

/** The path of the receipt that `--receipt` asks for: `auto` is beside the backup. Throws `USAGE` where there is none. */
export function receiptPath(receipt: string | undefined, backup: string | undefined): string | undefined {
  if (receipt !== 'auto') return receipt;
  if (backup !== undefined) return `${backup}.receipt`;
  throw new MeshBackupError('USAGE', '--receipt auto needs -o FILE: name the receipt.');
}

/**
 * The place of a receipt, taken before hours of work. What is in the way of a receipt is in the way of nothing else:
 * `prepare` never throws, and `commit`, when the backup stands, tells of it.
 */
export class ReceiptPlace {
  readonly #target: Target;
  readonly #lock: FileLock | undefined;
  #replacement: Replacement | undefined;
  #receipt: Buffer | undefined;
  #trouble: unknown;

  private constructor(target: Target, lock: FileLock | undefined) {
    this.#target = target;
    this.#lock = lock;
  }

  /** Throws `LOCKED`, `FILE_UNWRITABLE`. */
  static async take(path: string): Promise<ReceiptPlace> {
    const target = await openTarget(path);
    return new ReceiptPlace(target, target.kind === 'file' ? await FileLock.take(target.path) : undefined);
  }

  /** Writes the receipt beside its place, so that next to nothing is left to do when the backup stands. */
  async prepare(receipt: Buffer): Promise<void> {
    this.#receipt = receipt;
    if (this.#target.kind === 'stream') return;
    try {
      this.#replacement = await Replacement.begin(this.#target.path);
      await this.#replacement.write(receipt);
    } catch (error) {
      this.#trouble = error;
    }
  }

  /** Puts what was prepared in its place. Throws `NO_ROOM`, `FILE_UNWRITABLE`. */
  async commit(): Promise<void> {
    if (this.#trouble !== undefined) throw this.#trouble as Error;
    if (this.#target.kind === 'file') await this.#replacement?.commit();
    else if (this.#receipt !== undefined) await this.#target.write(this.#receipt);
  }

  async close(): Promise<void> {
    try {
      await this.#replacement?.discard();
      if (this.#target.kind === 'stream') await this.#target.close();
    } finally {
      await this.#lock?.release();
    }
  }
}
