import { MeshBackupError } from '../errors.ts';
import type { CompactSummary } from './compact-summary.ts';
import { plural } from './plural.ts';

/** Judges a compaction: `undefined` when all is in the output, else the error that gives the exit status. */
export function judgeCompact(summary: CompactSummary, strict: boolean): MeshBackupError | undefined {
  const { lines, inputs } = summary;
  if (lines.written === 0) {
    return new MeshBackupError('NO_EVENTS', 'Nothing to write: no line that was given holds an event.');
  }
  if (strict && lines.quarantined > 0) {
    return new MeshBackupError(
      'QUARANTINED',
      `${lines.quarantined} ${plural(lines.quarantined, 'line')} may not stand in a backup.`,
    );
  }
  const damage = inputs.flatMap(({ file, damage: reasons }) => reasons.map((reason) => `${file}: ${reason}`));
  if (damage.length === 0) return undefined;
  return new MeshBackupError('NOT_READ_WHOLE', `Not all that was given could be read: ${damage.join('; ')}`, {
    hint: 'What could be read is in. Keep those inputs, or find another copy of them.',
  });
}
