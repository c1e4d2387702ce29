import { line } from './line.ts';
import type { Output } from './output.ts';
import { overallFields, type ProgressSnapshot } from './progress-rows.ts';
import { TerminalBars } from './terminal-bars.ts';

/** Between two plain lines, or two records. */
const PLAIN_INTERVAL_MS = 5000;

/** Shows how far a job is. `update` as often as there is news; `stop` once, in a `finally`. */
export interface Progress {
  update(snapshot: ProgressSnapshot): void;
  stop(): void;
}

/**
 * Bars on a terminal, `progress` records with `--json`, plain lines with `-verbose`, and nothing elsewhere. It has no
 * clock: it goes by the snapshots' `nowMs`. `stdoutIsData`: whether data goes to stdout, which must not be drawn over
 * when it is the same terminal.
 */
export function startProgress(output: Output, stdoutIsData: boolean): Progress {
  if (output.isTerminal && !(stdoutIsData && output.stdout.isTTY === true)) return showBars(output);
  if (output.json)
    return everyFewSeconds(({ perPeer, ...snapshot }) => {
      output.record({ type: 'progress', ...snapshot, peers: perPeer });
    });
  return everyFewSeconds((snapshot) => {
    output.detail(line`${snapshot.label}: ${overallFields(snapshot).join(', ')}`);
  });
}

function showBars(output: Output): Progress {
  let bars: TerminalBars | undefined;
  let detach: (() => void) | undefined;
  return {
    update(snapshot) {
      if (bars === undefined) {
        bars = new TerminalBars(output.stderr, snapshot);
        detach = output.attach(bars);
      } else {
        bars.update(snapshot);
      }
    },
    stop() {
      bars?.stop();
      detach?.();
    },
  };
}

function everyFewSeconds(show: (snapshot: ProgressSnapshot) => void): Progress {
  let lastMs: number | undefined;
  return {
    update(snapshot) {
      if (snapshot.nowMs - (lastMs ?? snapshot.startedMs) < PLAIN_INTERVAL_MS) return;
      lastMs = snapshot.nowMs;
      show(snapshot);
    },
    stop: () => undefined,
  };
}
