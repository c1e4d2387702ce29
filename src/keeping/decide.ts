import { MeshBackupError } from '../errors.ts';
import { applyPolicy, type Policy } from './policy.ts';
import type { Kind, Probed } from './probe.ts';

/** A clock may be wrong by its zone, not by more. */
const FUTURE_MS = 86_400_000;

/** A file of the folder, and what is known of it. */
export type Known = KnownFile | UnknownFile;

interface KnownFile extends Probed {
  readonly name: string;
  readonly kind: Kind;
  readonly unknown?: undefined;
}

interface UnknownFile {
  readonly name: string;
  /** `undefined`: not even that is known. */
  readonly kind: Kind | undefined;
  /** Why it was not looked at. */
  readonly unknown: string;
  /** Not because it is in use: somebody should see to it. */
  readonly isTrouble?: boolean;
}

export interface Decision {
  readonly file: Known;
  readonly action: 'keep' | 'remove';
  /**
   * `counts`: it verifies, has a time, and the policy was asked. `bad`: it does not verify. `apart`: it verifies, and
   * when it was made is not to be had. `unknown`: it could not be looked at.
   */
  readonly standing: 'counts' | 'bad' | 'apart' | 'unknown';
  /** Why it is kept; why it goes, where the policy is not the reason. */
  readonly reasons: readonly string[];
  /** Events that no backup has that is kept anyway; it would go but for them. */
  readonly soleEvents?: number;
}

export interface DecideOptions {
  readonly policy: Policy;
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** Files that do not verify go, too, where their series keeps one that does. */
  readonly includeBad: boolean;
}

/**
 * Holds each series against the policy. What could not be looked at, does not verify or has no time that can be
 * believed is kept and takes nobody's place. Decisions come in the order of the files.
 * Throws `KEEPS_NOTHING` where nothing would be left of a series that has backups which count.
 */
export function decide(files: readonly Known[], { policy, nowMs, includeBad }: DecideOptions): Decision[] {
  const counting = new Map<string, { file: KnownFile; timeMs: number }[]>();
  const decisions = new Map<Known, Decision>();
  const bad: KnownFile[] = [];
  for (const file of files) {
    const keep = (standing: Decision['standing'], reason: string): void => {
      decisions.set(file, { file, action: 'keep', standing, reasons: [reason] });
    };
    if (file.unknown !== undefined) keep('unknown', file.unknown);
    else if (file.flaws.length > 0) bad.push(file);
    else if (file.time === undefined) keep('apart', 'nothing in it says when it was made');
    else if (file.time.timeMs > nowMs + FUTURE_MS) keep('apart', 'from the future by its own account');
    else {
      const key = seriesKey(file);
      counting.set(key, [...(counting.get(key) ?? []), { file, timeMs: file.time.timeMs }]);
    }
  }
  for (const series of counting.values()) {
    const judged = applyPolicy(series, policy);
    if (judged.every(({ reasons }) => reasons.length === 0)) throw keepsNothing(series[0]!.file);
    for (const { item, reasons } of judged) {
      const action = reasons.length === 0 ? 'remove' : 'keep';
      decisions.set(item.file, { file: item.file, action, standing: 'counts', reasons });
    }
  }
  for (const file of bad) {
    const isReplaced = counting.has(seriesKey(file));
    const isLast = includeBad && !isReplaced ? ['no other of its series verifies'] : [];
    decisions.set(file, {
      file,
      action: includeBad && isReplaced ? 'remove' : 'keep',
      standing: 'bad',
      reasons: [`does not verify: ${file.flaws.join('; ')}`, ...isLast],
    });
  }
  return files.map((file) => decisions.get(file)!);
}

/** No series of one kind is ever that of another. */
function seriesKey({ kind, series }: KnownFile): string {
  return `${kind} ${series}`;
}

export function keepsNothing(file?: Known): MeshBackupError {
  const what = file === undefined ? '' : ` of the backups that ${file.name} is one of`;
  return new MeshBackupError('KEEPS_NOTHING', `The policy keeps nothing${what}: nothing was removed.`, {
    hint: 'Say what to keep: --keep-last 7, --keep-daily 30, --keep-within 1y, ….',
  });
}
