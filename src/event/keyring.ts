import { hash } from 'node:crypto';
import { PublicKey } from '../identity/keypair.ts';
import { signableDigest } from './id.ts';
import type { EventView } from './event-view.ts';

/** So many keys that greetings taught are kept for a name or ID: each of them is tried, so more would be a weapon. */
const MAX_LEARNT_KEYS = 16;
/** Greetings that taught nothing are remembered, so that the same one from many peers is looked at once. */
const MAX_HEARD = 100_000;

/** Where the keys come from that signatures are held against. */
export interface KeySource {
  keysOfName(name: string): readonly PublicKey[];
  keysOfId(id: string): readonly PublicKey[];
}

/**
 * The public keys that names and nara IDs were heard to have. Trust on first use: a key here is one that somebody
 * holding it said belongs to the name; several may be known for one name, and each is tried, proven ones first.
 */
export class KeyRing implements KeySource {
  readonly #byName = new Map<string, Keys>();
  readonly #byId = new Map<string, Keys>();
  readonly #heard = new Set<string>();

  /**
   * Learns from a `hey-there` or `chau` that is signed, by the very name and key that it carries; all others teach
   * nothing. Source: specification, "Public keys". The ID it names is covered by no signature.
   */
  learn(event: EventView): void {
    const { svc } = event;
    if (svc !== 'hey-there' && svc !== 'chau') return; // the payload is read from bytes: not for nothing
    const { payload } = event;
    if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return;
    const { from, publicKey, id } = payload;
    const hasHeard = this.#byName.get(from)?.hasHeard(publicKey) === true;
    if (hasHeard && (id === '' || this.#byId.get(id)?.hasHeard(publicKey) === true)) return;
    if (event.sig === '' || event.emitter === '' || event.emitter !== from || publicKey === '') return;
    if (this.#byName.get(from)?.admits(publicKey) === false) return;
    const greeting = hash('sha256', `${event.computedId} ${publicKey} ${id} ${event.sig}`, 'base64');
    if (this.#heard.has(greeting)) return;
    if (this.#heard.size >= MAX_HEARD) this.#heard.clear();
    this.#heard.add(greeting);
    const key = this.#byName.get(from)?.find(publicKey) ?? PublicKey.parse(publicKey);
    if (key?.verify(signableDigest(event), event.sig) !== true) return;
    keysOf(this.#byName, from).learn(key);
    if (id !== '') keysOf(this.#byId, id).learn(key);
  }

  /** Adds a key that its holder proved to hold, or that the operator vouches for. */
  add(name: string, key: PublicKey, id = ''): void {
    keysOf(this.#byName, name).add(key);
    if (id !== '') keysOf(this.#byId, id).add(key);
  }

  /** Adds a key that the operator vouches for: of this name (and ID) no others count, but those pinned as well. */
  pin(name: string, key: PublicKey, id = ''): void {
    keysOf(this.#byName, name).pin(key);
    if (id !== '') keysOf(this.#byId, id).pin(key);
  }

  /** Whether the operator vouches for a key of the name. */
  isPinned(name: string): boolean {
    return this.#byName.get(name)?.isPinned === true;
  }

  /** Whether several keys are known for the name and nobody vouches for one: somebody lies, and it is not known who. */
  isContested(name: string): boolean {
    return this.#byName.get(name)?.isContested === true;
  }

  /** As `isContested`, of a nara ID. */
  isContestedId(id: string): boolean {
    return this.#byId.get(id)?.isContested === true;
  }

  /** Whether the operator vouches for a key of the nara ID. No greeting's signature covers the ID: those are hearsay. */
  isPinnedId(id: string): boolean {
    return this.#byId.get(id)?.isPinned === true;
  }

  /** Whether greetings brought more keys for the name than are kept. Who greets often chooses which are not. */
  isCrowded(name: string): boolean {
    return this.#byName.get(name)?.isCrowded === true;
  }

  /** As `isCrowded`, of a nara ID. */
  isCrowdedId(id: string): boolean {
    return this.#byId.get(id)?.isCrowded === true;
  }

  /** All names and IDs that a key is known for. */
  get owners(): { readonly names: Iterable<string>; readonly ids: Iterable<string> } {
    return { names: this.#byName.keys(), ids: this.#byId.keys() };
  }

  keysOfName(name: string): readonly PublicKey[] {
    return this.#byName.get(name)?.all() ?? [];
  }

  keysOfId(id: string): readonly PublicKey[] {
    return this.#byId.get(id)?.all() ?? [];
  }
}

function keysOf(owners: Map<string, Keys>, owner: string): Keys {
  let keys = owners.get(owner);
  if (keys === undefined) owners.set(owner, (keys = new Keys()));
  return keys;
}

/** The keys of one owner, by their text. */
class Keys {
  readonly #pinned = new Map<string, PublicKey>();
  readonly #proven = new Map<string, PublicKey>();
  readonly #learnt = new Map<string, PublicKey>();
  #hasDropped = false;

  get isPinned(): boolean {
    return this.#pinned.size > 0;
  }

  get isContested(): boolean {
    return !this.isPinned && this.all().length > 1;
  }

  get isCrowded(): boolean {
    return !this.isPinned && this.#hasDropped;
  }

  /** Whether the key can count. */
  admits(text: string): boolean {
    return !this.isPinned || this.#pinned.has(text);
  }

  pin(key: PublicKey): void {
    this.#pinned.set(key.text, key);
  }

  add(key: PublicKey): void {
    this.#proven.set(key.text, key);
  }

  /** Where there are too many, the smallest stay: who spoke first must not decide. */
  learn(key: PublicKey): void {
    this.#learnt.set(key.text, key);
    if (this.#learnt.size <= MAX_LEARNT_KEYS) return;
    const largest = [...this.#learnt.keys()].reduce((a, b) => (a > b ? a : b));
    this.#learnt.delete(largest);
    this.#hasDropped = true;
  }

  /** Whether a greeting that brings the key teaches nothing new. One that was proven first is learnt all the same. */
  hasHeard(text: string): boolean {
    return this.isPinned ? this.#pinned.has(text) : this.#learnt.has(text);
  }

  find(text: string): PublicKey | undefined {
    if (this.isPinned) return this.#pinned.get(text);
    return this.#proven.get(text) ?? this.#learnt.get(text);
  }

  all(): readonly PublicKey[] {
    if (this.isPinned) return [...this.#pinned.values()];
    return [...new Map([...this.#proven, ...this.#learnt]).values()];
  }
}
