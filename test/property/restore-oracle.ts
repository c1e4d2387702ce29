import { readLine, type EventView } from '../../src/event/event-view.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { GoDecoder } from '../../src/sandbox/go-decoder.ts';
import { decodeEvent, isSigned, isSignedWith, textOf, type HeldEvent } from '../../src/sandbox/held-event.ts';
import type { Neighbour } from '../../src/sandbox/neighbourhood.ts';
import { isTaken } from '../../src/sandbox/taken.ts';

/** What the target was before the restore. */
export interface Before {
  readonly ownName: string;
  readonly lines: readonly string[];
  readonly neighbours: readonly Neighbour[];
}

const FUTURE_NS = 300_000_000_000n;

/**
 * What of a backup has a place in a target, told from the rules of the sandbox's server, each event by itself and
 * without regard to cost. Misfits and whatever readers disagree about are no concern of its: they have no place.
 */
export class RestoreOracle {
  readonly #before: Before;
  readonly #nowNs = BigInt(Date.now()) * 1_000_000n;
  /** Fitting events of known services as the server reads them, by ID: each has one copy or more. */
  readonly fitting = new Map<string, HeldEvent[]>();
  readonly #keys = new Map<string, Set<string>>();
  readonly #claimed = new Map<string, Set<string>>();

  constructor(backup: readonly string[], before: Before) {
    this.#before = before;
    const fitting = backup.filter(isFitting).map(decode);
    const held = before.lines.map(decode);
    for (const event of fitting) {
      const { id } = event.event;
      this.fitting.set(id, [...(this.fitting.get(id) ?? []), event]);
    }
    for (const event of [...fitting, ...held]) {
      if (isGreeting(event) && isSelfSigned(event)) note(this.#keys, event);
    }
    for (const event of held) if (isGreeting(event)) note(this.#claimed, event);
  }

  /** Keys that greetings in backup and ledger prove, for a name of which they do not disagree. */
  provenKey(name: string): string | undefined {
    const keys = new Set([...(this.#keys.get(name) ?? []), ...(this.#claimed.get(name) ?? [])]);
    return keys.size === 1 ? [...keys][0] : undefined;
  }

  /** Why this copy must not be in the target because of the restore, whatever room there is. */
  mustStay(event: HeldEvent): string | undefined {
    const { tsNs, subjects } = event.event;
    if (!isTaken(event)) return 'not taken';
    if (tsNs > this.#nowNs + FUTURE_NS) return 'future';
    if (isGreeting(event)) {
      const from = textOf(event.payload, 'From');
      if (!isSelfSigned(event)) return 'unproven greeting';
      if (this.provenKey(from) !== textOf(event.payload, 'PublicKey')) return 'contested greeting';
      if (!this.#isOnline(from)) return 'greeting of one who is not online';
    }
    const isNews = tsNs > this.#nowNs - FUTURE_NS;
    if (isNews && ![event.emitter, ...subjects].every((name) => name === '' || this.#isOnline(name)))
      return 'news';
    if (this.#isListed(event.emitter) && !this.#isOnline(event.emitter)) return 'emitter offline';
    return undefined;
  }

  #isOnline(name: string): boolean {
    const { ownName, neighbours } = this.#before;
    return name === ownName || neighbours.some((other) => other.name === name && other.isOnline === true);
  }

  #isListed(name: string): boolean {
    return this.#before.neighbours.some((other) => other.name === name);
  }
}

/** Why the target has no room for an event that it lacks, `undefined` if it has. `after`: what it holds now. */
export function lacksRoom(
  event: HeldEvent,
  after: readonly HeldEvent[],
  capacity: number,
): string | undefined {
  if (after.length >= capacity) return 'capacity';
  const { svc } = event.event;
  const same = (...fields: string[]): HeldEvent[] =>
    after.filter(
      (other) =>
        other.event.svc === svc &&
        fields.every((field) => textOf(other.payload, field) === textOf(event.payload, field)),
    );
  if (svc === 'ping') return same('target').length >= 5 ? 'pings' : undefined;
  if (svc !== 'observation') return undefined;
  const pair = same('observer', 'subject');
  if (pair.length < 20) return undefined;
  const isRestart = ({ payload }: HeldEvent): boolean => textOf(payload, 'type') === 'restart';
  const isCheckpointed = after.some(
    (other) =>
      other.event.svc === 'checkpoint' &&
      textOf(other.payload, 'subject') === textOf(event.payload, 'subject'),
  );
  return pair.every(isRestart) && isRestart(event) && !isCheckpointed ? undefined : 'observations';
}

export function decode(line: string): HeldEvent {
  return decodeEvent(new GoDecoder(line));
}

/** The view of a line that is whole JSON. */
export function viewOf(line: string): EventView | undefined {
  return readLine(Buffer.from(line));
}

function isFitting(line: string): boolean {
  const view = viewOf(line);
  return view !== undefined && proveEvent(view).class === 'id';
}

function isGreeting({ event }: HeldEvent): boolean {
  return event.svc === 'hey-there' || event.svc === 'chau';
}

function isSelfSigned(held: HeldEvent): boolean {
  const key = PublicKey.parse(textOf(held.payload, 'PublicKey'));
  return (
    key !== undefined &&
    isSigned(held) &&
    held.emitter === textOf(held.payload, 'From') &&
    isSignedWith(held, key)
  );
}

function note(keys: Map<string, Set<string>>, { payload }: HeldEvent): void {
  const [from, key] = [textOf(payload, 'From'), textOf(payload, 'PublicKey')];
  if (key !== '') keys.set(from, (keys.get(from) ?? new Set()).add(key));
}
