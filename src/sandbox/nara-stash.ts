import { findFault, type Fault } from './faults.ts';
import { throughGoMap } from './go-map.ts';

/** A nara that keeps others' stashes. */
export interface Confidant {
  readonly id: string;
  readonly name: string;
  readonly isOnline: boolean;
}

/** What a nara keeps for itself, and who keeps it for her. */
export interface StashOptions {
  /** The JSON text of the document; `undefined`: she has none. */
  readonly document?: string | undefined;
  /** When she was given it, unix seconds. Default 1769000000. */
  readonly timestamp?: number;
  /** Default none. */
  readonly confidants?: readonly Confidant[];
}

interface Stash {
  readonly timestamp: number;
  /** As she writes it. */
  readonly data: string;
}

const SOME_DAY = 1_769_000_000;

/** The stash of a sandbox nara, with the confidants' copy of it. */
export class NaraStash {
  readonly confidants: readonly Confidant[];
  #stash: Stash | undefined;
  /** What a recovery gives back. */
  #copy: Stash | undefined;
  /** So many looks until a recovery is done. */
  #looksLeft = Infinity;
  readonly #looksNeeded: number;

  constructor({ document, timestamp = SOME_DAY, confidants = [] }: StashOptions, faults: readonly Fault[]) {
    const lost = findFault(faults, 'lost-stash');
    this.#looksNeeded = lost?.amount ?? 1;
    this.confidants = findFault(faults, 'no-confidants') ? [] : confidants;
    const data = document === undefined ? undefined : throughGoMap(document);
    if (data === undefined || findFault(faults, 'no-stash')) return;
    if (this.confidants.length > 0) this.#copy = { timestamp, data };
    if (lost === undefined) this.#stash = { timestamp, data };
  }

  /** What she holds now. */
  get current(): Stash | undefined {
    return this.#stash;
  }

  /** What she holds, for somebody who asks for it: a recovery gets on with each look. */
  look(): Stash | undefined {
    if (--this.#looksLeft <= 0) this.#stash ??= this.#copy;
    return this.#stash;
  }

  /** Begins a recovery. */
  recover(): void {
    this.#looksLeft = this.#looksNeeded;
  }

  /** Takes a document; false, and nothing taken, where Go cannot read it. */
  set(document: string, timestamp: number): boolean {
    const data = throughGoMap(document);
    if (data === undefined) return false;
    this.#stash = { timestamp, data };
    if (this.confidants.some(({ isOnline }) => isOnline)) this.#copy = this.#stash;
    return true;
  }

  /** How many confidants took what was set. */
  get takers(): number {
    return this.confidants.filter(({ isOnline }) => isOnline).length;
  }
}
