import { eventBytes, type EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { isAmbiguous, isFuture, proveEvent, type Proof } from '../event/proof.ts';
import type { RunBuilder } from '../merge/run-builder.ts';
import type { EventTest } from './filter.ts';
import type { EventCounts, Suspects } from './summary.ts';

/** Where copies go that may not stand in a backup. */
export interface RecordSink {
  add(record: Readonly<Record<string, string | number>>): Promise<void>;
}

export interface IntakeOptions {
  readonly passes: EventTest;
  readonly keepMisfits: boolean;
  readonly quarantine: RecordSink | undefined;
  readonly keys: KeyRing;
  readonly counts: EventCounts;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
}

/** Judges each event that a peer gave: into its run, into the quarantine, or left out by the filters; and counts. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #suspects = new Map<string, Suspects>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get suspects(): Suspects[] {
    return [...this.#suspects.values()];
  }

  async take(events: readonly EventView[], peer: string, run: RunBuilder): Promise<void> {
    const { passes, keepMisfits, keys, counts, quarantine } = this.#options;
    for (const event of events) {
      counts.read++;
      const proof = proveEvent(event);
      this.#note(event, proof);
      const reason = suspicion(proof);
      if (reason === undefined) keys.learn(event);
      else {
        this.#suspect(peer, proof.class as Suspects['class'], reason);
        await quarantine?.add({
          class: proof.class,
          reason,
          peer,
          bytes: eventBytes(event).toString('base64'),
        });
      }
      if (reason !== undefined && !(proof.class === 'misfit' && keepMisfits)) counts.quarantined++;
      else if (!passes(event)) counts.filtered++;
      else run.add(event);
    }
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
    if (event.payload !== undefined && isAmbiguous(event.payload)) counts.ambiguous++;
    if (isFuture(event, nowNs)) counts.future++;
  }
}

/** Why an event may not stand in a backup, `undefined` if it may. */
function suspicion(proof: Proof): string | undefined {
  if (proof.class === 'hostile') return proof.reason;
  return proof.class === 'misfit' ? 'the id does not fit the content' : undefined;
}
