import type { TableContent } from '../archive/bounded-table.ts';
import { plural } from '../archive/plural.ts';
import type { StatsSummary } from '../archive/stats.ts';
import type { PairRow, RestartRow, ShareRow } from '../archive/stats-rows.ts';
import type { Timeline } from '../archive/timeline.ts';
import { leftOutLines } from './intake-lines.ts';
import { line, styled, type Line } from './line.ts';
import { formatBytes, formatCount } from './progress-format.ts';
import { sparkLine } from './spark-line.ts';
import { layOutTable, NOTHING, type Cell, type Column } from './text-table.ts';

const n = formatCount;
/** A year is shown whole. */
const LEAST_MONTHS = 12;

/** What backups hold, for people: at most `top` rows of a table (of months a year), and no line over `columns`. */
export function statsLines(summary: StatsSummary, top: number, columns: number): Line[] {
  const { input, services, emitters, pairs, restarts } = summary;
  const apart = leftOutLines(input);
  const table = <R extends ShareRow | PairRow | RestartRow>(
    content: TableContent<R>,
    layout: readonly Column<R>[],
  ): Line[] => section(content, layout, top, columns);
  return [
    ...wholeLines(summary),
    ...timelineLines(summary.timeline),
    ...table(services, shareColumns('SERVICE', summary)),
    ...table(emitters, shareColumns('EMITTER', summary)),
    ...monthLines(summary, Math.max(top, LEAST_MONTHS), columns),
    ...table(pairs, PAIR_COLUMNS),
    ...table(restarts, RESTART_COLUMNS),
    ...(apart.length > 0 ? [line``, styled('bold', line`Not counted above:`)] : []),
    ...apart.map((text) => line`  ${text}`),
  ];
}

function wholeLines(summary: StatsSummary): Line[] {
  const { events, bytes, signed, firstTsNs, lastTsNs, busiestHour } = summary;
  const whole = line`${styled('bold', line`Events:`)}  ${n(events)} in ${formatBytes(bytes)}`;
  if (events === 0 || firstTsNs === undefined || lastTsNs === undefined || busiestHour === undefined)
    return [whole];
  const { startMs, events: most, missing } = busiestHour;
  return [
    line`${whole}, ${percent(signed, events)} signed (not verified here)`,
    line`${styled('bold', line`Time:`)}    ${second(firstTsNs)} to ${second(lastTsNs)} UTC`,
    line`${styled('bold', line`Busiest:`)} ${minute(startMs)} UTC, ${n(most)} ${plural(most, 'event')} in an hour${missing > 0 ? `, or up to ${n(missing)} more` : ''}`,
  ];
}

function timelineLines(timeline: Timeline | undefined): Line[] {
  if (timeline === undefined) return [];
  const { unit, step, startMs, endMs, counts, before, after } = timeline;
  const span = step === 1 ? `an ${unit}`.replace('an month', 'a month') : `${step} ${unit}s`;
  return [
    line``,
    styled('green', line`${sparkLine(counts)}`),
    line`${minute(startMs)} to ${minute(endMs)} UTC, ${span} each, at most ${n(Math.max(...counts))}`,
    ...(before > 0 ? [line`${n(before)} ${plural(before, 'event')} before that, far off`] : []),
    ...(after > 0 ? [line`${n(after)} ${plural(after, 'event')} after that, far off`] : []),
  ];
}

function section<R extends ShareRow | PairRow | RestartRow>(
  { rows, rest, keys, bound }: TableContent<R>,
  layout: readonly Column<R>[],
  top: number,
  columns: number,
): Line[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, top);
  const others = rows.slice(top).reduce((sum, { events }) => sum + events, rest.events);
  const names = keys - shown.length;
  return [
    line``,
    ...layOutTable(layout, shown, columns),
    ...(names > 0
      ? [
          line`  and ${bound > 0 ? 'about ' : ''}${n(names)} ${names === 1 ? 'other' : 'others'}: ${n(others)}`,
        ]
      : []),
    ...(bound > 0
      ? [line`  (more than are counted one by one: each figure may lack up to ${n(bound)})`]
      : []),
  ];
}

function monthLines(summary: StatsSummary, top: number, columns: number): Line[] {
  const { months } = summary;
  if (months.length === 0) return [];
  const largest = new Set(months.toSorted((a, b) => b.events - a.events).slice(0, top));
  const others = months.filter((month) => !largest.has(month));
  const events = others.reduce((sum, month) => sum + month.events, 0);
  return [
    line``,
    ...layOutTable(
      shareColumns('MONTH', summary),
      months.filter((month) => largest.has(month)),
      columns,
    ),
    ...(others.length > 0 ? [line`  and ${n(others.length)} with fewer: ${n(events)}`] : []),
  ];
}

function shareColumns(title: string, whole: StatsSummary): Column<ShareRow>[] {
  return [
    { title, rank: 0, cell: ({ name }) => (name === '' ? { text: '(none)', style: 'dim' } : { text: name }) },
    { title: 'EVENTS', rank: 1, align: 'right', cell: ({ events }) => ({ text: n(events) }) },
    { title: 'SHARE', rank: 4, align: 'right', cell: (row) => ({ text: percent(row.events, whole.events) }) },
    { title: 'BYTES', rank: 2, align: 'right', cell: ({ bytes }) => ({ text: formatBytes(bytes) }) },
    { title: 'SIGNED', rank: 3, align: 'right', cell: (row) => ({ text: percent(row.signed, row.events) }) },
  ];
}

const PAIR_COLUMNS: readonly Column<PairRow>[] = [
  { title: 'OBSERVER', rank: 0, cell: ({ observer }) => ({ text: observer }) },
  { title: 'TARGET', rank: 1, cell: ({ target }) => ({ text: target }) },
  { title: 'PINGS', rank: 4, align: 'right', cell: ({ events }) => ({ text: n(events) }) },
  { title: 'MEDIAN', rank: 2, align: 'right', cell: ({ rtt }) => ({ text: formatRtt(rtt.quantile(0.5)) }) },
  { title: '95 %', rank: 3, align: 'right', cell: ({ rtt }) => ({ text: formatRtt(rtt.quantile(0.95)) }) },
];

const RESTART_COLUMNS: readonly Column<RestartRow>[] = [
  { title: 'NARA', rank: 0, cell: ({ nara }) => ({ text: nara }) },
  {
    title: 'RESTARTS',
    rank: 1,
    align: 'right',
    cell: ({ restarts }) => ({ text: `${restarts.isExact ? '' : '≈'}${n(restarts.estimate())}` }),
  },
  {
    title: 'TOLD BY',
    rank: 3,
    align: 'right',
    cell: ({ events }) => ({ text: `${n(events)} ${plural(events, 'event')}` }),
  },
  { title: 'LAST', rank: 2, cell: ({ lastStart }) => startOf(lastStart) },
];

function startOf(unixSeconds: bigint): Cell {
  const date = new Date(Number(unixSeconds) * 1000);
  return unixSeconds <= 0n || Number.isNaN(date.getTime()) ? NOTHING : { text: minute(date.getTime()) };
}

/** `0.4 ms`, `12.3 ms`, `1,234 ms`: two or three digits that count. */
function formatRtt(ms: number): string {
  return `${Math.abs(ms) < 99.95 ? ms.toFixed(1) : n(ms)} ms`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

function minute(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** An int64 of nanoseconds is always a date. */
function second(tsNs: bigint): string {
  return new Date(Number(tsNs / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');
}
