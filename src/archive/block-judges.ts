import { Worker } from 'node:worker_threads';
import { BlockJudge, type BlockReport } from './judge-block.ts';
import { KnownKeys, type KeyData } from './known-keys.ts';
import type { LineBlock } from './line-block.ts';

/** Judges blocks. Called again before the last call is answered, up to `window` times; closed by who made it. */
export interface BlockJudges {
  /** So many blocks keep it busy. */
  readonly window: number;
  /** The block's bytes are gone after it. */
  judge(block: LineBlock): Promise<BlockReport>;
  close(): Promise<void>;
}

/** In this very thread. Without keys no signature is checked. */
export function judgeHere(keys: KeyData | undefined): BlockJudges {
  const judge = new BlockJudge(keys && new KnownKeys(keys));
  return {
    window: 1,
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
    judge: async (block) => judge.judge(block),
    close: () => Promise.resolve(),
  };
}

/** Blocks for each thread: one that is judged, and others that wait for it. */
const BLOCKS_EACH = 3;

/** In so many threads. They run the compiled library: from its sources, Node could not start them. */
export function judgeOnThreads(count: number, keys: KeyData | undefined): BlockJudges {
  const threads = Array.from({ length: count }, () => new JudgeThread(keys));
  return {
    window: count * BLOCKS_EACH,
    judge(block) {
      return threads
        .reduce((idlest, thread) => (thread.waiting < idlest.waiting ? thread : idlest))
        .judge(block);
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Answer {
  readonly resolve: (report: BlockReport) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that answers in the order in which it is asked. */
class JudgeThread {
  readonly #worker: Worker;
  readonly #answers: Answer[] = [];
  #failure: Error | undefined;

  constructor(keys: KeyData | undefined) {
    this.#worker = new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: keys });
    this.#worker.on('message', (report: BlockReport) => this.#answers.shift()?.resolve(report));
    this.#worker.on('error', (error: Error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('a thread that checks signatures ended by itself'));
    });
  }

  get waiting(): number {
    return this.#answers.length;
  }

  judge(block: LineBlock): Promise<BlockReport> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#answers.push({ resolve, reject });
      this.#worker.postMessage(block, [block.bytes.buffer]);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#answers.splice(0)) reject(this.#failure);
  }
}
