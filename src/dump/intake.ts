import { eventBytes, type EventView } from '../event/event-view.ts';
import type { EventTest } from '../event/filter.ts';
import type { KeyRing } from '../event/keyring.ts';
import { isFuture, mayStand, proveEvent, suspicion, type Proof } from '../event/proof.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';
import type { EventCounts, Suspects } from './summary.ts';

export interface IntakeOptions {
  readonly passes: EventTest;
  readonly keepMisfits: boolean;
  readonly quarantine: RecordSink | undefined;
  readonly keys: KeyRing;
  readonly counts: EventCounts;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
}

type SuspectRecord = Readonly<Record<'class' | 'reason' | 'peer' | 'bytes', string>>;

/** Judges each event that a peer gave: on it goes, into the quarantine, or it is left out by the filters; and counts. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #suspects = new Map<string, Suspects>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get suspects(): Suspects[] {
    return [...this.#suspects.values()];
  }

  /**
   * The events of one answer that go on. The others have gone to the quarantine when it resolves, but those that go on
   * are there at once, with `keep`: their bytes need not stay.
   */
  async take(
    events: readonly EventView[],
    peer: string,
    keep: (accepted: readonly EventView[]) => void,
  ): Promise<void> {
    const { passes, keepMisfits, keys, counts, quarantine } = this.#options;
    const accepted: EventView[] = [];
    const records: SuspectRecord[] = [];
    for (const event of events) {
      counts.read++;
      const proof = proveEvent(event);
      this.#note(event, proof);
      const reason = suspicion(proof);
      if (reason === undefined) keys.learn(event);
      else {
        this.#suspect(peer, proof.class as Suspects['class'], reason);
        const bytes = quarantine === undefined ? '' : eventBytes(event).toString('base64');
        records.push({ class: proof.class, reason, peer, bytes });
      }
      if (!mayStand(proof, keepMisfits)) counts.quarantined++;
      else if (!passes(event)) counts.filtered++;
      else accepted.push(event);
    }
    keep(accepted);
    for (const record of records) await quarantine?.add(record);
  }

  #suspect(peer: string, kind: Suspects['class'], reason: string): void {
    const key = `${kind} ${reason} ${peer}`;
    const known = this.#suspects.get(key);
    if (known === undefined) this.#suspects.set(key, { peer, class: kind, reason, count: 1 });
    else known.count++;
  }

  #note(event: EventView, proof: Proof): void {
    const { counts, nowNs } = this.#options;
    if (proof.class === 'hostile') {
      counts.hostile++;
      return;
    }
    if (proof.class === 'misfit') counts.misfit++;
    if (proof.class === 'unknown-service') counts.unknownService++;
    if (event.isAmbiguous) counts.ambiguous++;
    if (isFuture(event, nowNs)) counts.future++;
  }
}
