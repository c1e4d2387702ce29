import type { Row, TableContent } from '../archive/bounded-table.ts';
import type { StatsSummary } from '../archive/stats.ts';
import type { PairRow, RestartRow } from '../archive/stats-rows.ts';
import type { ExitStatus } from '../errors.ts';
import { intakeRecord } from './intake-lines.ts';
import type { JsonRecord } from './output.ts';

/** What backups hold, for scripts: a record for each row of each table (`top` at most), the summary last. */
export function statsRecords(summary: StatsSummary, top: number, exitStatus: ExitStatus): JsonRecord[] {
  const { services, emitters, months, pairs, restarts, input, timeline, busiestHour, ...rest } = summary;
  const { firstTsNs: firstTs, lastTsNs: lastTs, ...sums } = rest;
  const records = <R>(type: string, rows: readonly R[], recordOf: (row: R) => object): JsonRecord[] =>
    rows.slice(0, top).map((row) => ({ type, ...recordOf(row) }));
  return [
    ...records('service', services.rows, ({ name, ...row }) => ({ svc: name, ...row })),
    ...records('emitter', emitters.rows, (row) => row),
    ...records('month', months, ({ name, events, bytes, signed }) => ({ name, events, bytes, signed })),
    ...records('pair', pairs.rows, pairRecord),
    ...records('restarts', restarts.rows, restartRecord),
    {
      type: 'summary',
      exitStatus,
      input: intakeRecord(input),
      ...sums,
      firstTs,
      lastTs,
      busiestHour: busiestHour && {
        start: isoTime(busiestHour.startMs),
        events: busiestHour.events,
        missing: busiestHour.missing,
      },
      timeline: timeline && {
        unit: timeline.unit,
        step: timeline.step,
        start: isoTime(timeline.startMs),
        end: isoTime(timeline.endMs),
        counts: timeline.counts,
        before: timeline.before,
        after: timeline.after,
      },
      tables: {
        services: tableRecord(services),
        emitters: tableRecord(emitters),
        pairs: tableRecord(pairs),
        restarts: tableRecord(restarts),
      },
    },
  ];
}

/** How many names there are, and what was counted under those that have no row. */
function tableRecord<R extends Row<R>>({ rows, rest, keys, bound }: TableContent<R>): object {
  return { rows: rows.length, names: keys, isExact: bound === 0, bound, eventsOfOthers: rest.events };
}

function pairRecord({ observer, target, events, missing, rtt }: PairRow): object {
  return {
    observer,
    target,
    pings: events,
    missing,
    rttMedianMs: rounded(rtt.quantile(0.5)),
    rttP95Ms: rounded(rtt.quantile(0.95)),
    rttMinMs: rtt.minMs,
    rttMaxMs: rtt.maxMs,
  };
}

function restartRecord({ nara, restarts, events, missing, lastStart }: RestartRow): object {
  const count = { restarts: restarts.estimate(), isExact: restarts.isExact && missing === 0 };
  return { nara, ...count, observations: events, missing, lastStart };
}

/** What is an estimate within 1 % needs no 17 digits. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(6));
}

function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
