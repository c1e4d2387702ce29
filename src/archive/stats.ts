import type { EventView } from '../event/event-view.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import { unlessAborted } from '../mesh/unless-aborted.ts';
import { BoundedTable, type TableContent } from './bounded-table.ts';
import { LineIntake, type IntakeCounts } from './line-intake.ts';
import { PairRow, RestartRow, ShareRow } from './stats-rows.ts';
import { StatsTimes, type Hour } from './stats-times.ts';
import { tableKey } from './table-key.ts';
import type { Timeline } from './timeline.ts';

/** So many of each are counted exactly; see `BoundedTable`. */
export const STATS_CAPACITY = { services: 256, emitters: 4096, pairs: 4096, naras: 1024 } as const;

export interface StatsOptions {
  /** Each is read once, to its end; whoever opened them closes them. */
  readonly files: readonly LineFile[];
  readonly signal: AbortSignal;
  /** So far: lines that hold an event, and bytes as they lie in the files. */
  readonly onRead?: (events: number, bytes: number) => void;
}

/** What backups hold. Misfits and hostile events are counted in `input` and nowhere else; copies count as often as they are there. */
export interface StatsSummary {
  readonly input: IntakeCounts;
  /** Those that may stand in a backup: the sum of each table but the pairs' and the restarts'. */
  readonly events: number;
  /** Of the events themselves, without line ends. */
  readonly bytes: number;
  /** Of `events`: with an emitter and a signature, which nobody verified. */
  readonly signed: number;
  /** Unix nanoseconds. */
  readonly firstTsNs: bigint | undefined;
  readonly lastTsNs: bigint | undefined;
  readonly busiestHour: Hour | undefined;
  readonly timeline: Timeline | undefined;
  /** In the order of time; those with events, 7,022 at most. */
  readonly months: readonly ShareRow[];
  readonly services: TableContent<ShareRow>;
  /** '' for events that name none. */
  readonly emitters: TableContent<ShareRow>;
  readonly pairs: TableContent<PairRow>;
  readonly restarts: TableContent<RestartRow>;
}

/**
 * Counts what backups hold, in one pass and in memory that does not grow with them. Throws `FILE_UNREADABLE` and the
 * signal's reason.
 */
export async function collectStats(options: StatsOptions): Promise<StatsSummary> {
  return unlessAborted(readAll(options), options.signal);
}

async function readAll({ files, signal, onRead }: StatsOptions): Promise<StatsSummary> {
  const intake = new LineIntake();
  const tables = new StatsTables();
  let bytes = 0;
  for (const file of files) {
    for await (const lines of file.batches({ raw: (chunk) => (bytes += chunk.length) })) {
      signal.throwIfAborted();
      for (const line of lines) {
        const taken = intake.take(line);
        if (taken === undefined) continue;
        const { event, proof } = taken;
        if (proof.class === 'id' || proof.class === 'unknown-service') tables.add(event);
      }
      onRead?.(intake.counts.events, bytes);
    }
    intake.endFile(file.path, file.damage);
  }
  return { input: intake.counts, ...tables.content() };
}

class StatsTables {
  #events = 0;
  #bytes = 0;
  #signed = 0;
  readonly #times = new StatsTimes();
  readonly #services = new BoundedTable(STATS_CAPACITY.services, new ShareRow(''));
  readonly #emitters = new BoundedTable(STATS_CAPACITY.emitters, new ShareRow(''));
  readonly #pairs = new BoundedTable(STATS_CAPACITY.pairs, new PairRow('', ''));
  readonly #restarts = new BoundedTable(STATS_CAPACITY.naras, new RestartRow(''));

  add(event: EventView): void {
    const bytes = event.end - event.start;
    const { emitter } = event;
    const isSigned = emitter !== '' && event.sig !== '';
    this.#events++;
    this.#bytes += bytes;
    if (isSigned) this.#signed++;
    this.#times.add(event.tsNs, bytes, isSigned);
    shareOf(this.#services, event.svc).add(bytes, isSigned);
    shareOf(this.#emitters, emitter).add(bytes, isSigned);
    if (event.svc === 'ping' || event.svc === 'observation') this.#addPayload(event);
  }

  content(): Omit<StatsSummary, 'input'> {
    const times = this.#times;
    return {
      events: this.#events,
      bytes: this.#bytes,
      signed: this.#signed,
      firstTsNs: times.firstNs,
      lastTsNs: times.lastNs,
      busiestHour: times.busiestHour(),
      timeline: times.timeline(),
      months: times.months(),
      services: this.#services.content(),
      emitters: this.#emitters.content(),
      pairs: this.#pairs.content(),
      restarts: this.#restarts.content(),
    };
  }

  #addPayload({ payload }: EventView): void {
    if (payload?.svc === 'ping') {
      const [observer, target] = [tableKey(payload.observer), tableKey(payload.target)];
      const key = `${observer.length}:${observer}${target}`; // no other two names give the same
      (this.#pairs.find(key) ?? this.#pairs.admit(key, new PairRow(observer, target))).add(payload.rtt);
    } else if (payload?.svc === 'observation' && payload.type === 'restart') {
      const nara = tableKey(payload.subject);
      const row = this.#restarts.find(nara) ?? this.#restarts.admit(nara, new RestartRow(nara));
      row.add(payload.restartNum, payload.startTime);
    }
  }
}

function shareOf(table: BoundedTable<ShareRow>, name: string): ShareRow {
  const key = tableKey(name);
  return table.find(key) ?? table.admit(key, new ShareRow(key));
}
