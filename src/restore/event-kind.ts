import type { EventView } from '../event/event-view.ts';
import type { Payload, Service } from '../event/payload.ts';

/** What a ledger's limits tell apart. Only what the server takes has a kind. */
export interface EventKind {
  readonly svc: Service;
  /** A full ledger lets go of the highest first. Source: specification, "Capacity". */
  readonly rank: 0 | 1 | 2 | 3 | 4;
  /** Of observations, which a pair keeps before others: our choice, the ledger only spares restarts. */
  readonly favour: 0 | 1 | 2;
}

/** Every kind, by its number. */
export const EVENT_KINDS: readonly EventKind[] = [
  { svc: 'checkpoint', rank: 0, favour: 0 },
  { svc: 'observation', rank: 0, favour: 0 }, // restart
  { svc: 'observation', rank: 0, favour: 1 }, // first-seen
  { svc: 'observation', rank: 1, favour: 2 }, // status-change
  { svc: 'hey-there', rank: 1, favour: 0 },
  { svc: 'chau', rank: 1, favour: 0 },
  { svc: 'social', rank: 2, favour: 0 },
  { svc: 'seen', rank: 3, favour: 0 },
  { svc: 'ping', rank: 4, favour: 0 },
];
export const RANKS = 5;
export const FAVOURS = 3;
/** Numbers of kinds. */
export const RESTART = 1;
const FIRST_SEEN = 2;
const STATUS_CHANGE = 3;

export function kindOf(payload: Payload): number {
  if (payload.svc !== 'observation') return EVENT_KINDS.findIndex(({ svc }) => svc === payload.svc);
  if (payload.type === 'restart') return RESTART;
  return payload.type === 'first-seen' ? FIRST_SEEN : STATUS_CHANGE;
}

/** Events that share a limit: the pings of one target, the observations of one pair. */
export interface LimitGroup {
  readonly limit: 'ping' | 'observation';
  /** Whom they are about. */
  readonly subject: string;
  /** The same for the same group. */
  readonly key: string;
}

/** `undefined`: only the ledger as a whole limits the event. */
export function limitGroup({ payload }: Pick<EventView, 'payload'>): LimitGroup | undefined {
  if (payload?.svc === 'ping') {
    return { limit: 'ping', subject: payload.target, key: `ping ${payload.target}` };
  }
  if (payload?.svc !== 'observation') return undefined;
  const { observer, subject } = payload;
  return { limit: 'observation', subject, key: `observation ${observer.length} ${observer} ${subject}` };
}
