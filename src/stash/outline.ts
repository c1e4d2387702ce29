import { walkJson, type JsonVisitor } from '../event/json-walk.ts';

/** What may be shown of a document: never a value. */
export interface StashOutline {
  readonly bytes: number;
  /** The first twenty keys of the outermost object, each once. */
  readonly keys: readonly string[];
  /** How many there are, each counted once. */
  readonly keyCount: number;
}

const MAX_KEYS = 20;

/** Throws `NotJson`. */
export function outlineOf(document: Buffer): StashOutline {
  const reader = new KeyReader();
  walkJson(document, reader);
  return { bytes: document.length, keys: reader.keys, keyCount: reader.keyCount };
}

class KeyReader implements JsonVisitor {
  readonly keys: string[] = [];
  readonly #seen = new Set<string>();
  #depth = 0;

  get keyCount(): number {
    return this.#seen.size;
  }

  open(): void {
    this.#depth++;
  }

  close(): void {
    this.#depth--;
  }

  key(text: string): void {
    if (this.#depth !== 1 || this.#seen.has(text)) return;
    this.#seen.add(text);
    if (this.keys.length < MAX_KEYS) this.keys.push(text);
  }

  string(): void {
    // not shown
  }

  number(): void {
    // not shown
  }

  literal(): void {
    // not shown
  }
}
