import type { KeyRing } from '../event/keyring.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { JudgingKeys } from './judge-event.ts';

type KeyTexts = readonly (readonly [owner: string, keys: readonly string[]])[];

/** The keys of a ring as plain data, which can be sent to another thread. */
export interface KeyData {
  readonly names: KeyTexts;
  readonly ids: KeyTexts;
  /** Names of which no other keys count, whoever says so; `undefined`: that is all names. */
  readonly pinned: readonly string[] | undefined;
  readonly pinnedIds: readonly string[];
  /** Names of which greetings bring more keys than are here. */
  readonly crowded: readonly string[];
}

export function keyData(ring: KeyRing, pinnedOnly: boolean): KeyData {
  const { names, ids } = ring.owners;
  const all = [...names];
  const allIds = [...ids];
  return {
    names: all.map((name) => [name, textsOf(ring.keysOfName(name))]),
    ids: allIds.map((id) => [id, textsOf(ring.keysOfId(id))]),
    pinned: pinnedOnly ? undefined : all.filter((name) => ring.isPinned(name)),
    pinnedIds: allIds.filter((id) => ring.isPinnedId(id)),
    crowded: all.filter((name) => ring.isCrowded(name)),
  };
}

function textsOf(keys: readonly PublicKey[]): string[] {
  return keys.map(({ text }) => text);
}

/** Keys that a ring had: texts, of which a key is made as often as it is asked for. That costs next to nothing. */
export class KnownKeys implements JudgingKeys {
  readonly #names: ReadonlyMap<string, readonly string[]>;
  readonly #ids: ReadonlyMap<string, readonly string[]>;
  readonly #pinned: ReadonlySet<string> | undefined;
  readonly #pinnedIds: ReadonlySet<string>;
  readonly #crowded: ReadonlySet<string>;

  constructor({ names, ids, pinned, pinnedIds, crowded }: KeyData) {
    this.#names = new Map(names);
    this.#ids = new Map(ids);
    this.#pinned = pinned && new Set(pinned);
    this.#pinnedIds = new Set(pinnedIds);
    this.#crowded = new Set(crowded);
  }

  keysOfName(name: string): readonly PublicKey[] {
    return keysOf(this.#names.get(name));
  }

  keysOfId(id: string): readonly PublicKey[] {
    return keysOf(this.#ids.get(id));
  }

  takesFromGreetings(name: string): boolean {
    return this.#pinned?.has(name) === false;
  }

  isPinnedId(id: string): boolean {
    return this.#pinnedIds.has(id);
  }

  isCrowded(name: string): boolean {
    return this.#crowded.has(name);
  }
}

function keysOf(texts: readonly string[] = []): readonly PublicKey[] {
  return texts.map((text) => PublicKey.ofText(text));
}
