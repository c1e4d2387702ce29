import { PublicKey } from '../identity/keypair.ts';
import { signableDigest } from './id.ts';
import type { EventView } from './event-view.ts';

/**
 * The public keys that names and nara IDs were heard to have. Trust on first use: a key here is one that somebody
 * holding it said belongs to the name; several may be known for one name, and each is tried.
 */
export class KeyRing {
  readonly #byName = new Map<string, Map<string, PublicKey>>();
  readonly #byId = new Map<string, Map<string, PublicKey>>();
  /** Greetings that were looked at: most peers hold the same ones. */
  readonly #heard = new Set<string>();

  /**
   * Learns from a `hey-there` or `chau` that is signed, by the very name and key that it carries; all others teach
   * nothing. Source: specification, "Public keys". The ID it names is covered by no signature.
   */
  learn(event: EventView): void {
    const { payload } = event;
    if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return;
    if (
      event.sig === '' ||
      event.emitter === '' ||
      event.emitter !== payload.from ||
      payload.publicKey === ''
    )
      return;
    const greeting = `${event.computedId} ${payload.publicKey} ${payload.id} ${event.sig}`;
    if (this.#heard.has(greeting)) return;
    this.#heard.add(greeting);
    const key = this.#known(payload.from, payload.publicKey) ?? PublicKey.parse(payload.publicKey);
    if (key?.verify(signableDigest(event), event.sig) !== true) return;
    this.add(payload.from, key, payload.id);
  }

  add(name: string, key: PublicKey, id = ''): void {
    remember(this.#byName, name, key);
    if (id !== '') remember(this.#byId, id, key);
  }

  keysOfName(name: string): Iterable<PublicKey> {
    return this.#byName.get(name)?.values() ?? [];
  }

  keysOfId(id: string): Iterable<PublicKey> {
    return this.#byId.get(id)?.values() ?? [];
  }

  #known(name: string, key: string): PublicKey | undefined {
    return this.#byName.get(name)?.get(key);
  }
}

function remember(keys: Map<string, Map<string, PublicKey>>, owner: string, key: PublicKey): void {
  const known = keys.get(owner);
  if (known === undefined) keys.set(owner, new Map([[key.text, key]]));
  else known.set(key.text, key);
}
