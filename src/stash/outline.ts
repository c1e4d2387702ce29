import { walkJson, type JsonVisitor } from '../event/json-walk.ts';

/** What may be shown of a document: never a value. */
export interface StashOutline {
  readonly bytes: number;
  /** The first twenty keys of the outermost object. */
  readonly keys: readonly string[];
  /** How many there are. */
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
  keyCount = 0;
  #depth = 0;

  open(): void {
    this.#depth++;
  }

  close(): void {
    this.#depth--;
  }

  key(text: string): void {
    if (this.#depth !== 1) return;
    this.keyCount++;
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
