import type { PagesDone } from '../sqlite/copy-pages.ts';
import type { Output } from './output.ts';
import { startProgress } from './progress.ts';

export interface CopyProgress {
  /** For the job: how far the copy of a database is. */
  readonly onProgress: (done: PagesDone) => void;
  /** Once, in a `finally`. */
  readonly stop: () => void;
}

/** Shows how far the copy of a database is. */
export function startCopyProgress(output: Output): CopyProgress {
  const progress = startProgress(output, false);
  const startedMs = Date.now();
  return {
    onProgress: ({ pagesDone, pages }) => {
      const counts = { events: pagesDone, unit: 'pages', totalEvents: pages, bytes: 0 } as const;
      progress.update({ label: 'copying', ...counts, perPeer: [], startedMs, nowMs: Date.now() });
    },
    stop: () => {
      progress.stop();
    },
  };
}
