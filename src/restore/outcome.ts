import { MeshBackupError } from '../errors.ts';
import type { RestoreSummary } from './restore-summary.ts';
import { sumOf } from './sum-of.ts';

/** What a restore amounts to: `undefined` when all that was to go is there, or else the error to end with. */
export function judgeRestore(summary: RestoreSummary): MeshBackupError | undefined {
  const { stay, toGo, sent, confirmed, trouble, isDryRun, isSent, input } = summary;
  if (toGo.events === 0 && (stay.there ?? 0) === 0) {
    return new MeshBackupError('NOTHING_TO_RESTORE', nothing(summary));
  }
  const unread = input.damage.length === 0 ? undefined : notWhole(input.damage);
  if (isDryRun || toGo.events === 0) return unread;
  const isStopped = trouble?.code === 'INTERRUPTED' || trouble?.code === 'TERMINATED';
  if (trouble !== undefined && (isStopped || !isSent)) return unfinished(summary, trouble);
  const { duplicates } =
    summary.target.held === undefined || confirmed !== undefined ? { duplicates: 0 } : sent;
  const missing = sumOf(confirmed?.missing.values() ?? []);
  const faults = [
    ...(sent.rejects.length > 0 ? [`${sent.rejects.length} were rejected`] : []),
    ...(missing > 0 ? [`${missing} are not there`] : []),
    ...(duplicates > 0 ? [`${duplicates} were not imported, and nobody looked whether they are there`] : []),
    ...(trouble !== undefined ? [`what arrived could not be read back: ${trouble.message}`] : []),
  ];
  if (faults.length === 0) return unread;
  return new MeshBackupError(
    'NOT_RESTORED',
    `Of ${toGo.events} events that were to go ${faults.join(', ')}.`,
  );
}

function unfinished({ toGo, sent }: RestoreSummary, trouble: MeshBackupError): MeshBackupError {
  const { message, retryable } = trouble;
  const far = `${Math.min(sent.delivered, toGo.events)} of ${toGo.events} events were sent`;
  const wasUnreadable = trouble.code === 'TARGET_UNREADABLE'; // its hint is of a restore that has not begun
  const code = wasUnreadable ? 'NOT_RESTORED' : trouble.code;
  const hint = wasUnreadable ? 'Run it again: it looks first and goes on where it was.' : trouble.hint;
  return new MeshBackupError(code, `${message} (${far})`, { ...(hint !== undefined && { hint }), retryable });
}

function notWhole(damage: readonly string[]): MeshBackupError {
  return new MeshBackupError('NOT_READ_WHOLE', `Not all of the backup could be read: ${damage.join('; ')}`, {
    hint: 'What could be read is restored. Is there another copy of it?',
  });
}

function nothing({ input }: RestoreSummary): string {
  return input.lines.events === 0
    ? 'Nothing to restore: there is no event in what was given.'
    : `Nothing to restore: none of ${input.lines.events} events is to go.`;
}
