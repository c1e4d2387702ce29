import { countBroken, type IntakeCounts } from '../archive/line-intake.ts';
import { line, type Line } from './line.ts';
import { formatCount } from './progress-format.ts';

/** What of the input was no event of a backup, for people; nothing where all was. */
export function leftOutLines(counts: IntakeCounts): Line[] {
  const { broken, blank, misfits, hostile, empty } = counts;
  const parts = Object.entries(broken)
    .filter(([, lines]) => lines > 0)
    .map(([reason, lines]) => `${formatCount(lines)} ${reason}`);
  const hostileParts = [...hostile].map(([reason, events]) => `${formatCount(events)} ${reason}`);
  return [
    ...empty.map((path) => line`${path} is empty`),
    ...(parts.length > 0 ? [line`${lines(countBroken(counts))} no event: ${parts.join(', ')}`] : []),
    ...(blank > 0 ? [line`${formatCount(blank)} blank`] : []),
    ...(misfits > 0
      ? [
          line`${formatCount(misfits)} ${misfits === 1 ? 'misfit' : 'misfits'}: the ID does not fit the content`,
        ]
      : []),
    ...(hostileParts.length > 0 ? [line`hostile, readers disagree: ${hostileParts.join(', ')}`] : []),
  ];
}

function lines(count: number): string {
  return count === 1 ? '1 line holds' : `${formatCount(count)} lines hold`;
}

/** The same for scripts. */
export function intakeRecord({ hostile, ...counts }: IntakeCounts): Record<string, unknown> {
  return { ...counts, hostile: Object.fromEntries(hostile) };
}
