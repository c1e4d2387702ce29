import { countDown } from './count-down.ts';
import type { RestoreOptions } from './restore-options.ts';
import type { NaraFacts } from '../mesh/nara-facts.ts';

/** A nara's opinions are formed after so long; before, each event that comes in brings its names under the clean-up. */
const SETTLE_MS = 6 * 60_000;

/** Waits for a target that has just started, or warns of it. Throws the signal's reason. Source: specification, "Clean-up". */
export async function settle(facts: NaraFacts | undefined, options: RestoreOptions): Promise<void> {
  const { settle: manner, settleMs = SETTLE_MS, observer, signal, dryRun } = options;
  const leftMs = settleMs - Math.max(0, facts?.ageMs ?? Infinity);
  if (manner === 'no' || leftMs <= 0) return;
  if (manner === 'warn' || dryRun) observer?.settling?.(leftMs, false);
  else await countDown(leftMs, (left) => observer?.settling?.(left, true), signal);
}
