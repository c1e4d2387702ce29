import { hash } from 'node:crypto';
import type { EventView } from '../event/event-view.ts';
import { Line } from '../jsonl/line-splitter.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { judgeEvent, UNSIGNED_IDS, type JudgingKeys } from './judge-event.ts';
import { HourCounts, type HourCount } from './hour-counts.ts';
import type { LineBlock } from './line-block.ts';
import { ServiceTally, type ServiceCounts } from './service-tally.ts';
import { COPY_WORDS } from './spelling-table.ts';
import { VERDICTS, type FindingKind, type LineFinding } from './verdict.ts';

/** Where an event stands in the order of backups. */
export interface OrderPlace {
  readonly tsNs: bigint;
  readonly id: string;
  readonly line: number;
  readonly offset: number;
}

/** Who signed events, and how many. */
export type SignerCount = readonly [name: string, key: string, events: number];

/** What a block of lines is. Plain data, which can be sent to another thread. */
export interface BlockReport {
  readonly lines: number;
  /** Lines that hold an event which is not hostile: what receipts count. */
  readonly events: number;
  /** Events whose ID fits. */
  readonly fitting: number;
  readonly firstTsNs: bigint | undefined;
  readonly lastTsNs: bigint | undefined;
  readonly services: readonly ServiceCounts[];
  readonly signers: readonly SignerCount[];
  /** In the order of lines. */
  readonly findings: readonly LineFinding[];
  /** For each event that may have copies, what `SpellingTable` takes, and its line and offset. */
  readonly copies: Uint32Array<ArrayBuffer>;
  readonly places: Float64Array<ArrayBuffer>;
  readonly hours: readonly HourCount[];
  /** The first and last event of those that have an order. */
  readonly first: OrderPlace | undefined;
  readonly last: OrderPlace | undefined;
}

const LINE_FEED = 0x0a;
/** So much of what a file says is repeated in a finding. */
export const MAX_SHOWN = 200;

/** Judges blocks of lines, one after the other; what it says of one does not depend on those before. */
export class BlockJudge {
  readonly #keys: JudgingKeys | undefined;
  readonly #reader = new BackupLineReader();

  /** Without keys no signature is checked. */
  constructor(keys: JudgingKeys | undefined) {
    this.#keys = keys;
  }

  judge(block: LineBlock): BlockReport {
    const report = new ReportBuilder(block);
    if (block.isOverlong) report.overlong();
    for (const line of linesOf(block)) this.#judgeLine(line, report);
    return report.build();
  }

  #judgeLine(line: Line, report: ReportBuilder): void {
    const read = this.#reader.read(line);
    report.lines++;
    if (read.kind === 'blank') return;
    if (read.kind === 'broken') {
      if (read.reason === 'torn') report.broken(line, 'torn', 'the file ends in the middle of the line');
      else report.broken(line, 'not-json', 'it is no JSON');
      return;
    }
    const { event } = read;
    const judgement = judgeEvent(event, this.#keys);
    const { verdict, reason = '', key } = judgement;
    report.services.count(event.svc, verdict);
    if (VERDICTS[verdict] !== 'fine') report.find(line, verdict, reason, event);
    if (judgement.hasFewVoters === true) report.find(line, 'few-voters', `${reason}: two are wanted`, event);
    if (judgement.hasDoubtfulVoters === true)
      report.find(line, 'doubtful-voters', `${reason}: ${UNSIGNED_IDS}`, event);
    if (line.isTorn) report.find(line, 'no-line-feed', 'the last line lacks its line feed', event);
    if (key !== undefined) report.signed(event.emitter, key.text);
    if (verdict === 'hostile') return;
    report.count(event);
    if (verdict === 'misfit') return;
    report.place(line, event);
    report.copy(line, event, verdict !== 'unknown-service');
  }
}

function* linesOf({ bytes, number, offset }: LineBlock): Generator<Line, void, undefined> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < source.length; number++) {
    const feed = source.indexOf(LINE_FEED, start);
    const isTorn = feed === -1;
    const end = isTorn ? source.length : feed;
    yield new Line({ source, start, end }, { number, isTorn, isOverlong: false, offset: offset + start });
    start = end + 1;
  }
}

class ReportBuilder {
  lines = 0;
  readonly services = new ServiceTally();
  readonly #block: LineBlock;
  readonly #findings: LineFinding[] = [];
  readonly #signers = new Map<string, { name: string; key: string; events: number }>();
  readonly #hours = new HourCounts();
  /** In hex. */
  readonly #copies: string[] = [];
  readonly #places: number[] = [];
  #events = 0;
  #fitting = 0;
  #firstTsNs: bigint | undefined;
  #lastTsNs: bigint | undefined;
  #first: OrderPlace | undefined;
  #last: OrderPlace | undefined;

  constructor(block: LineBlock) {
    this.#block = block;
  }

  overlong(): void {
    this.lines++;
    const { number, offset } = this.#block;
    const reason = 'too-large: the line is longer than an event may be, and was not read';
    this.services.count('', 'hostile');
    this.#findings.push({ kind: 'hostile', line: number, offset, reason });
  }

  broken(line: Line, kind: 'torn' | 'not-json', reason: string): void {
    this.services.count('', kind);
    this.find(line, kind, reason);
  }

  find({ number, offset }: Line, kind: FindingKind, reason: string, event?: EventView): void {
    const about = event && { id: shown(event.id), svc: shown(event.svc) };
    this.#findings.push({ kind, line: number, offset, reason: shown(reason), ...about });
  }

  signed(name: string, key: string): void {
    const place = `${key} ${name}`;
    const signer = this.#signers.get(place);
    if (signer === undefined) this.#signers.set(place, { name, key, events: 1 });
    else signer.events++;
  }

  count({ tsNs }: EventView): void {
    this.#events++;
    if (this.#firstTsNs === undefined || tsNs < this.#firstTsNs) this.#firstTsNs = tsNs;
    if (this.#lastTsNs === undefined || tsNs > this.#lastTsNs) this.#lastTsNs = tsNs;
  }

  /** Notes the event's place in the order, and its hour. */
  place(line: Line, event: EventView): void {
    const here = { tsNs: event.tsNs, id: event.id, line: line.number, offset: line.offset };
    if (this.#last !== undefined && isBehind(this.#last, here)) {
      this.find(line, 'disorder', DISORDER, event);
    }
    this.#first ??= here;
    this.#last = here;
    this.#hours.add(event.tsNs);
  }

  /** Notes the spelling. Of an unknown service nobody knows what the ID stands for: only its bytes have copies. */
  copy(line: Line, event: EventView, fits: boolean): void {
    const digest = hash('sha256', event.source.subarray(event.start, event.end), 'hex').slice(0, 32);
    if (fits) this.#fitting++;
    this.#copies.push(fits ? event.computedId : digest, digest);
    this.#places.push(line.number, line.offset);
  }

  build(): BlockReport {
    const copies = new Uint32Array((this.#copies.length / 2) * COPY_WORDS);
    Buffer.from(copies.buffer).write(this.#copies.join(''), 'hex');
    return {
      lines: this.lines,
      events: this.#events,
      fitting: this.#fitting,
      firstTsNs: this.#firstTsNs,
      lastTsNs: this.#lastTsNs,
      services: this.services.counts,
      signers: [...this.#signers.values()].map(({ name, key, events }) => [name, key, events]),
      findings: this.#findings,
      copies,
      places: Float64Array.from(this.#places),
      hours: this.#hours.counts,
      first: this.#first,
      last: this.#last,
    };
  }
}

/** Whether `b` should stand before `a`. */
export function isBehind(a: OrderPlace, b: OrderPlace): boolean {
  return a.tsNs === b.tsNs ? a.id > b.id : a.tsNs > b.tsNs;
}

/** Of an event that is behind its place. */
export const DISORDER = 'it should stand before the event before it';

function shown(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
