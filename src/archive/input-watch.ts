import { MeshBackupError } from '../errors.ts';
import { readFileState, type FileState } from '../jsonl/file-state.ts';
import type { LineFile } from '../jsonl/line-file.ts';

/**
 * Looks whether input files stay as they are while a job runs: what stands in order in a file is read from there twice,
 * and judged the first time. A file that only grew is as good as before: what was added is not read.
 */
export class InputWatch {
  readonly #before: ReadonlyMap<LineFile, FileState>;

  private constructor(before: ReadonlyMap<LineFile, FileState>) {
    this.#before = before;
  }

  /** To be called before anything is read. */
  static async begin(inputs: readonly LineFile[]): Promise<InputWatch> {
    const before = new Map<LineFile, FileState>();
    for (const input of inputs) {
      const state = Number.isFinite(input.size) ? await stateOf(input) : undefined;
      if (state !== undefined) before.set(input, state);
    }
    return new InputWatch(before);
  }

  /** The inputs that grew. Throws `FILE_CHANGED` for one that changed otherwise. */
  async grown(): Promise<ReadonlySet<LineFile>> {
    const grown = new Set<LineFile>();
    for (const [input, before] of this.#before) {
      const after = await stateOf(input);
      // Another file of that name is none of ours: we read the one that we opened.
      if (after?.identity !== before.identity) continue;
      if (after.size > input.size) grown.add(input);
      else if (after.size < input.size || after.mtimeNs !== before.mtimeNs) throw changed(input);
    }
    return grown;
  }

  /** Runs a part of the job that reads the inputs; what it dies of may be that one of them changed (`FILE_CHANGED`). */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.grown();
      throw error;
    }
  }
}

/** What cannot be looked at is none of our business here: reading it will show. */
async function stateOf({ path }: LineFile): Promise<FileState | undefined> {
  return readFileState(path).catch(() => undefined);
}

function changed({ path }: LineFile): MeshBackupError {
  return new MeshBackupError('FILE_CHANGED', `${path} was changed by somebody else while it was read.`, {
    hint: 'Nothing was written. Run again.',
    retryable: true,
  });
}
