import { MeshBackupError } from '../errors.ts';

const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof STATUSES;

export interface Interruption {
  /** Aborts on the first signal; the reason is a MeshBackupError `INTERRUPTED` or `TERMINATED`. */
  readonly signal: AbortSignal;
  /** Gives the signals their usual effect back. */
  readonly release: () => void;
}

/** What this needs of `process`. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(status: number): void;
}

/** Turns the first SIGINT or SIGTERM into an abort, and lets the second end the process at once. */
export function listenForSignals(source: SignalSource = process): Interruption {
  const controller = new AbortController();
  const onSignal = (name: StopSignal): void => {
    if (controller.signal.aborted) {
      source.exit(STATUSES[name]);
    } else {
      const code = name === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED';
      controller.abort(new MeshBackupError(code, `Stopped by ${name}.`));
    }
  };
  source.on('SIGINT', onSignal);
  source.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => {
      source.off('SIGINT', onSignal);
      source.off('SIGTERM', onSignal);
    },
  };
}
