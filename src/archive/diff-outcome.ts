import { MeshBackupError } from '../errors.ts';
import { differences } from './diff-counts.ts';
import type { DiffSummary } from './diff-summary.ts';
import { plural } from './plural.ts';

/** Judges a comparison: an error where it does not hold for all of both; with `demandSame` where they differ, too. */
export function judgeDiff(summary: DiffSummary, demandSame: boolean): MeshBackupError | undefined {
  const { a, b, events, broken, uncompared } = summary;
  const damage = [a, b].flatMap(({ file, damage: reasons }) => reasons.map((reason) => `${file}: ${reason}`));
  if (uncompared > 0) damage.push(`too many lines that hold no event: ${uncompared} not compared`);
  if (damage.length > 0) {
    return new MeshBackupError('NOT_READ_WHOLE', `Not all could be compared: ${damage.join('; ')}`, {
      hint: 'What was said holds for what could be read.',
    });
  }
  if (a.events + b.events === a.filtered + b.filtered) {
    return new MeshBackupError(
      'NO_EVENTS',
      'Nothing to compare: neither backup holds an event that is wanted.',
    );
  }
  const count = differences(events) + differences(broken);
  if (!demandSame || count === 0) return undefined;
  return new MeshBackupError(
    'DIFFERENT',
    `The backups differ in ${count} ${plural(count, 'event or line', 'events or lines')}.`,
  );
}
