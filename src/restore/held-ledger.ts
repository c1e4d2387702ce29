import type { EventView } from '../event/event-view.ts';
import { limitGroup } from './event-kind.ts';

/** How full a group of a limit is. */
export interface GroupFill {
  count: number;
  /** Those of `count` that are restarts. */
  restarts: number;
}

/** What a target's ledger holds, as far as its limits and our choice need it: about 100 bytes an event. */
export class HeldLedger {
  readonly #ids = new Set<string>();
  readonly #groups = new Map<string, GroupFill>();
  readonly #checkpointed = new Set<string>();
  readonly #greetingKeys = new Map<string, Set<string>>();

  /** Events, each once. */
  get size(): number {
    return this.#ids.size;
  }

  /** A server knows an event by its ID alone, whatever else it says. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Notes an event that the target gave; the same again, as overlapping pages give it, changes nothing. */
  add(event: EventView): void {
    const { id } = event;
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    const { payload } = event;
    const group = limitGroup(event);
    if (group !== undefined) {
      const fill = this.fillOf(group.key);
      fill.count++;
      if (payload?.svc === 'observation' && payload.type === 'restart') fill.restarts++;
      this.#groups.set(group.key, fill);
    }
    if (payload?.svc === 'checkpoint') this.#checkpointed.add(payload.subject);
    if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return;
    const keys = this.#greetingKeys.get(payload.from) ?? new Set();
    if (payload.publicKey !== '') this.#greetingKeys.set(payload.from, keys.add(payload.publicKey));
  }

  /** By the group's key. */
  fillOf(group: string): GroupFill {
    return this.#groups.get(group) ?? { count: 0, restarts: 0 };
  }

  /** Whether it holds a checkpoint about the nara. */
  isCheckpointed(subject: string): boolean {
    return this.#checkpointed.has(subject);
  }

  /** The keys that greetings of this name carry there, signed or not: a server believes the first. */
  keysOf(name: string): ReadonlySet<string> {
    return this.#greetingKeys.get(name) ?? new Set();
  }
}
