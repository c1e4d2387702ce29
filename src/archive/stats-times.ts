import { BoundedTable } from './bounded-table.ts';
import { ShareRow } from './stats-rows.ts';
import { layOutTimeline, type Timeline } from './timeline.ts';

const NS_PER_SECOND = 1_000_000_000n;
const HOUR_SECONDS = 3600;
const HOUR_MS = 3_600_000;
/** Seven years of hours without a pause are counted exactly. */
const MAX_HOURS = 65_536;

/** One hour, by its start. */
export interface Hour {
  readonly startMs: number;
  readonly events: number;
  /** At most so many more: not 0 only where there are over 65,536 hours with events. */
  readonly missing: number;
}

/**
 * When events happened: span, months, hours. An int64 of nanoseconds reaches from 1677 to 2262, which are 7,022 months at
 * most; of hours there could be five million, so these are in a bounded table.
 */
export class StatsTimes {
  firstNs: bigint | undefined;
  lastNs: bigint | undefined;
  readonly #months = new Map<number, ShareRow>();
  readonly #hours = new BoundedTable(MAX_HOURS, new ShareRow(''));
  /** The month that was counted in last, and where it begins and ends, in hours. */
  #month = new ShareRow('');
  #monthStart = 0;
  #monthEnd = 0;

  add(tsNs: bigint, bytes: number, isSigned: boolean): void {
    if (this.firstNs === undefined || tsNs < this.firstNs) this.firstNs = tsNs;
    if (this.lastNs === undefined || tsNs > this.lastNs) this.lastNs = tsNs;
    const hour = hourOf(tsNs);
    const row = this.#hours.find(hour) ?? this.#hours.admit(hour, new ShareRow(''));
    row.add(bytes, isSigned);
    if (hour < this.#monthStart || hour >= this.#monthEnd) this.#enterMonth(hour);
    this.#month.add(bytes, isSigned);
  }

  /** In the order of time; `name` is `2026-01`. */
  months(): ShareRow[] {
    return [...this.#months].sort(([a], [b]) => a - b).map(([, row]) => row);
  }

  /** The one with most events, of several the first. */
  busiestHour(): Hour | undefined {
    let busiest: [number, ShareRow] | undefined;
    for (const [key, row] of this.#hours.entries()) {
      const hour = Number(key);
      const lead = row.events - (busiest?.[1].events ?? 0);
      if (lead > 0 || (lead === 0 && busiest !== undefined && hour < busiest[0])) busiest = [hour, row];
    }
    if (busiest === undefined) return undefined;
    const [hour, { events, missing }] = busiest;
    return { startMs: hour * HOUR_MS, events, missing };
  }

  /** By hours as long as all of them are known, else by months. */
  timeline(): Timeline | undefined {
    return this.#hours.isExact
      ? layOutTimeline('hour', pointsOf(this.#hours.entries()))
      : layOutTimeline('month', pointsOf([...this.#months]));
  }

  #enterMonth(hour: number): void {
    const date = new Date(hour * HOUR_MS);
    const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
    this.#monthStart = monthStartMs(month) / HOUR_MS;
    this.#monthEnd = monthStartMs(month + 1) / HOUR_MS;
    let row = this.#months.get(month);
    if (row === undefined) this.#months.set(month, (row = new ShareRow(date.toISOString().slice(0, 7))));
    this.#month = row;
  }
}

/** Unix milliseconds; months are counted from the year 0. */
function monthStartMs(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12);
}

/** Hours since 1970. A double is too coarse for the nanosecond before a full hour. */
function hourOf(tsNs: bigint): number {
  const seconds = Number(tsNs / NS_PER_SECOND);
  const isCutUp = tsNs < 0n && tsNs % NS_PER_SECOND !== 0n;
  return Math.floor((isCutUp ? seconds - 1 : seconds) / HOUR_SECONDS);
}

function pointsOf(rows: readonly [string | number, ShareRow][]): [number, number][] {
  return rows.map(([at, { events }]) => [Number(at), events]);
}
