import type { Row } from './bounded-table.ts';
import { DistinctSketch } from './distinct-sketch.ts';
import { RttSketch } from './rtt-sketch.ts';

/** What one service, emitter, month or hour has. */
export class ShareRow implements Row<ShareRow> {
  readonly name: string;
  events = 0;
  missing = 0;
  /** Of the events themselves, without line ends. */
  bytes = 0;
  /** Of `events`: with an emitter and a signature, which nobody verified. */
  signed = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(bytes: number, isSigned: boolean): void {
    this.events++;
    this.bytes += bytes;
    if (isSigned) this.signed++;
  }

  absorb(other: ShareRow): void {
    this.events += other.events;
    this.bytes += other.bytes;
    this.signed += other.signed;
  }
}

/** The pings of one nara to another; `events` are pings. */
export class PairRow implements Row<PairRow> {
  readonly observer: string;
  readonly target: string;
  readonly rtt = new RttSketch();
  events = 0;
  missing = 0;

  constructor(observer: string, target: string) {
    this.observer = observer;
    this.target = target;
  }

  add(rttMs: number): void {
    this.events++;
    this.rtt.add(rttMs);
  }

  absorb(other: PairRow): void {
    this.events += other.events;
    this.rtt.merge(other.rtt);
  }
}

/** What observers say of one nara's restarts; `events` are observations, of one restart as many as there are observers. */
export class RestartRow implements Row<RestartRow> {
  readonly nara: string;
  events = 0;
  missing = 0;
  /** By number and start time. */
  readonly restarts = new DistinctSketch();
  /** Unix seconds, the latest. */
  /** In Unix seconds, as an int64 may be. */
  lastStart = 0n;

  constructor(nara: string) {
    this.nara = nara;
  }

  add(restartNum: string, startTime: string): void {
    this.events++;
    this.restarts.add(`${restartNum}:${startTime}`);
    this.lastStart = later(this.lastStart, BigInt(startTime));
  }

  absorb(other: RestartRow): void {
    this.events += other.events;
    this.restarts.merge(other.restarts);
    this.lastStart = later(this.lastStart, other.lastStart);
  }
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
