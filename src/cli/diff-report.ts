import type { BoundedTally } from '../archive/bounded-tally.ts';
import { differences, emptyDiffCounts, type DiffCounts } from '../archive/diff-counts.ts';
import type { DiffInput, DiffSummary } from '../archive/diff-summary.ts';
import { plural } from '../archive/plural.ts';
import { line, paragraph, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatCount } from './progress-format.ts';
import { layOutTable, type Column } from './text-table.ts';

const n = formatCount;
/** So many months are listed; of more, those with most differences. */
const MAX_MONTHS = 24;
const WIDTH = 80;

interface Row {
  readonly name: string;
  readonly counts: DiffCounts;
}

/** The comparison for people; `isWhole`: it holds for all of both. */
export function diffLines(summary: DiffSummary, isWhole: boolean): Line[] {
  const { a, b, events, broken, uncompared, byService, byMonth } = summary;
  const services = [...byService.rows].sort(byName).map(([name, counts]) => ({ name, counts }));
  const others = isNothing(byService.rest) ? [] : [{ name: 'other services', counts: byService.rest }];
  const unread = isNothing(broken) ? [] : [{ name: 'no event', counts: broken }];
  return [
    ...inputLines('A', a),
    ...inputLines('B', b),
    ...table('service', [...services, ...others, ...unread, { name: 'all events', counts: events }]),
    ...(differences(events) === 0 ? [] : [line``, ...table('month', monthRows(byMonth))]),
    ...(uncompared === 0 ? [] : [line`too many lines that hold no event: ${n(uncompared)} not compared`]),
    differences(events) + differences(broken) > 0
      ? line`They differ.`
      : isWhole
        ? styled('green', line`Both hold the same.`)
        : line`No difference in what could be compared.`,
  ];
}

function inputLines(name: string, { file, events, broken, filtered, damage }: DiffInput): Line[] {
  const left = filtered === 0 ? '' : `, ${n(filtered)} of them not selected`;
  const rest = broken === 0 ? '' : `; lines that hold none: ${n(broken)}`;
  return [
    line`${name}: ${paragraph(file)}: ${n(events)} ${plural(events, 'event')}${left}${rest}`,
    ...damage.map((reason) => line`   not read whole: ${reason}`),
  ];
}

function table(title: string, rows: readonly Row[]): Line[] {
  const number = (heading: string, rank: number, count: (counts: DiffCounts) => number): Column<Row> => ({
    title: heading,
    rank,
    align: 'right',
    cell: ({ counts }) => ({ text: n(count(counts)), style: count(counts) === 0 ? 'dim' : undefined }),
  });
  const columns: Column<Row>[] = [
    { title, rank: 0, cell: ({ name }) => ({ text: name === '' ? '(none)' : name }) },
    number('only in A', 1, ({ onlyA }) => onlyA),
    number('only in B', 2, ({ onlyB }) => onlyB),
    number('changed', 3, ({ changed }) => changed),
    number('same', 4, ({ same }) => same),
  ];
  return layOutTable(columns, rows, WIDTH);
}

/** Months in which something differs, and all others as one. */
function monthRows({ rows, rest }: BoundedTally): Row[] {
  const listed = new Set(
    [...rows]
      .filter(([, counts]) => differences(counts) > 0)
      .sort(([, x], [, y]) => differences(y) - differences(x))
      .slice(0, MAX_MONTHS)
      .map(([name]) => name),
  );
  const others = emptyDiffCounts();
  let count = 0;
  for (const [name, counts] of [...rows, ['', rest] as const]) {
    if (listed.has(name) || isNothing(counts)) continue;
    if (name !== '') count++;
    others.onlyA += counts.onlyA;
    others.onlyB += counts.onlyB;
    others.changed += counts.changed;
    others.same += counts.same;
  }
  const months = [...rows].filter(([name]) => listed.has(name)).sort(byName);
  return [
    ...months.map(([name, counts]) => ({ name, counts })),
    ...(isNothing(others) ? [] : [{ name: `${n(count)} other ${plural(count, 'month')}`, counts: others }]),
  ];
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function isNothing({ onlyA, onlyB, changed, same }: DiffCounts): boolean {
  return onlyA + onlyB + changed + same === 0;
}

/** The comparison for scripts, the last record of `--json`. */
export function diffRecord(summary: DiffSummary, exitStatus: number): JsonRecord {
  const { byService, byMonth, events, broken, ...rest } = summary;
  return {
    type: 'summary',
    exitStatus,
    isSame: differences(events) + differences(broken) === 0,
    events,
    broken,
    byService: tallyRecord(byService),
    byMonth: tallyRecord(byMonth),
    ...rest,
  };
}

function tallyRecord({ rows, rest }: BoundedTally): Record<string, unknown> {
  const sorted = [...rows].sort(byName).map(([name, counts]) => ({ name, ...counts }));
  return { rows: sorted, ...(isNothing(rest) ? {} : { rest }) };
}
