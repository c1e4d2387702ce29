import type { PagesDone } from '../sqlite/copy-pages.ts';
import type { Output } from './output.ts';
import { startProgress } from './progress.ts';

const TICK_MS = 1000;

export interface CopyProgress {
  /** For the job: how far the copy of a database is. */
  readonly onProgress: (done: PagesDone) => void;
  /** Once, in a `finally`. */
  readonly stop: () => void;
}

/** Shows how far the copy of a database is, and then that what is made of it is still being made. */
export function startCopyProgress(output: Output): CopyProgress {
  const progress = startProgress(output, false);
  const startedMs = Date.now();
  let ticking: NodeJS.Timeout | undefined;
  const show = (label: string, counts: { events: number; totalEvents?: number }): void => {
    const rest = { unit: 'pages', bytes: 0, perPeer: [], startedMs, nowMs: Date.now() } as const;
    progress.update({ label, ...counts, ...rest });
  };
  return {
    onProgress: ({ pagesDone, pages }) => {
      show('copying', { events: pagesDone, totalEvents: pages });
      // To check and compress takes longer than to copy, and nobody tells how far that is.
      if (pagesDone === pages) {
        ticking ??= setInterval(() => {
          show('checking and packing', { events: 0 });
        }, TICK_MS);
      }
    },
    stop: () => {
      clearInterval(ticking);
      progress.stop();
    },
  };
}
