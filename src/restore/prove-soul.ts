import { MeshBackupError, type ErrorCode } from '../errors.ts';
import { pause } from '../mesh/pause.ts';
import { backoffMs } from '../sync/backoff.ts';
import type { ImportOutcome } from './import-answer.ts';
import type { ImportClient } from './import-client.ts';
import type { TargetClock } from './target-clock.ts';

export interface ProveOptions {
  readonly client: ImportClient;
  readonly clock: TargetClock;
  /** Take the target's time where ours is refused. */
  readonly clockFix: boolean;
  /** Told of the time that is taken, in milliseconds ahead of ours. */
  readonly onClockFixed: (offsetMs: number) => void;
  readonly isClockFixSafe: (url: URL) => boolean;
  readonly signal: AbortSignal;
}

const MAX_FIX_MS = 24 * 3_600_000;
/** A mesh request may be 30 s off, an import 5 minutes: from here on the former is in danger. */
const MESH_TOLERANCE_MS = 20_000;

/**
 * Sends an import of nothing: when it resolves, the server takes our soul and our clock, and nothing has changed there.
 * Throws `TARGET_WRONG_SOUL`, `TARGET_CLOCK`, `TARGET_NO_NARA`, `TARGET_REFUSED`, `TARGET_BUSY`,
 * and for a server that is not there `PEER_UNREACHABLE`, `PEER_SILENT`, `PEER_CUT`.
 */
export async function proveSoul(options: ProveOptions): Promise<void> {
  const { client, clockFix, signal } = options;
  const outcome = await findPatiently(client, signal);
  if (outcome.kind === 'clock') {
    if (!clockFix) throw clockError(outcome.text, outcome.clockOffsetMs);
    fixClock(outcome.clockOffsetMs, outcome.text, options);
    assertTaken(await client.probe(signal));
    return;
  }
  assertTaken(outcome);
  const { clockOffsetMs = 0 } = outcome;
  if (clockFix && Math.abs(clockOffsetMs) > MESH_TOLERANCE_MS) fixClock(clockOffsetMs, '', options);
}

/** What is too busy, or breaks the line, may do better in a moment; who is not there at all is asked once. */
async function findPatiently(client: ImportClient, signal: AbortSignal): Promise<ImportOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await client.find(signal);
    const isPassing =
      outcome.kind === 'busy' || (outcome.kind === 'broken' && PASSING.has(outcome.error.code));
    if (!isPassing || tries === RETRY.maxTries) return outcome;
    await pause(backoffMs(RETRY, tries), signal);
  }
}

const RETRY = { maxTries: 4, firstDelayMs: 500, maxDelayMs: 5_000 };
const PASSING = new Set<ErrorCode>(['PEER_STATUS', 'PEER_CUT']);

function assertTaken(outcome: ImportOutcome): asserts outcome is ImportOutcome & { kind: 'taken' } {
  if (outcome.kind !== 'taken') throw refusal(outcome);
}

/** What an import of nothing that was not taken means. */
export function refusal(outcome: Exclude<ImportOutcome, { kind: 'taken' }>): MeshBackupError {
  switch (outcome.kind) {
    case 'refused':
      return outcome.error.code === 'TARGET_WRONG_SOUL' ? wrongSoul(outcome.error.message) : outcome.error;
    case 'clock':
      return clockError(outcome.text, outcome.clockOffsetMs);
    case 'too-large':
      return new MeshBackupError('TARGET_REFUSED', 'The target finds even an import of nothing too large.');
    case 'broken':
    case 'busy':
      return outcome.error.code === 'PEER_STATUS' ? busy(outcome.error.message) : outcome.error;
    case 'moved':
    case 'no-nara':
      return outcome.error;
  }
}

function busy(text: string): MeshBackupError {
  return new MeshBackupError('TARGET_BUSY', `The target takes no imports just now: ${text}`, {
    hint: 'If a proxy says so: is the nara behind it up?',
    retryable: true,
  });
}

function fixClock(offsetMs: number | undefined, text: string, options: ProveOptions): void {
  const { clock, client, isClockFixSafe, onClockFixed } = options;
  if (!isClockFixSafe(client.url)) {
    throw new MeshBackupError(
      'TARGET_CLOCK',
      'Its time is not taken over plain http: anybody could set it.',
      {
        hint: '--clock-fix works over https, and for loopback and tailnet addresses.',
      },
    );
  }
  if (offsetMs === undefined || Math.abs(offsetMs) > MAX_FIX_MS) throw clockError(text, offsetMs);
  clock.offsetMs = offsetMs;
  onClockFixed(offsetMs);
}

function wrongSoul(text: string): MeshBackupError {
  return new MeshBackupError('TARGET_WRONG_SOUL', `Authentication failed: soul does not match (${text})`, {
    hint: 'It must be the soul of that very nara, exact to the letter: it prints its soul when it starts.',
  });
}

function clockError(text: string, offsetMs: number | undefined): MeshBackupError {
  const seconds = Math.round(Math.abs(offsetMs ?? 0) / 1000);
  const side = (offsetMs ?? 0) > 0 ? 'ahead of' : 'behind';
  const difference =
    offsetMs === undefined ? 'its clock differs from ours' : `its clock is ${seconds} s ${side} ours`;
  return new MeshBackupError('TARGET_CLOCK', `Timestamp too old or in future: ${difference} (${text})`, {
    hint: "Set the clock that is wrong. --clock-fix signs with the target's time instead (24 h at most).",
  });
}
