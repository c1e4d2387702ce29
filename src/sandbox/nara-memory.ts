import { PublicKey } from '../identity/keypair.ts';
import { isSigned, isSignedWith, textOf, type HeldEvent } from './held-event.ts';
import { LivingLedger } from './living-ledger.ts';
import { Neighbourhood, type Neighbour } from './neighbourhood.ts';
import type { SandboxEvent } from './sandbox-event.ts';

/** A nara that is younger boots: whatever it hears of comes into its neighbourhood. */
const BOOT_SECONDS = 360;

export interface NaraMemoryOptions {
  readonly name: string;
  readonly events: readonly SandboxEvent[];
  /** Name → Base64 public key, its own among them. */
  readonly keys: ReadonlyMap<string, string>;
  readonly neighbours: Iterable<Neighbour>;
  /** Events. */
  readonly capacity: number;
  /** Unix seconds. */
  readonly lastRestart: number;
}

/** What a nara remembers: events, keys and neighbours, and what an import and the clean-up do to them. */
export class NaraMemory {
  readonly ledger: LivingLedger;
  readonly neighbourhood: Neighbourhood;
  readonly lastRestart: number;
  readonly #keys: Map<string, string>;
  readonly #parsed = new Map<string, PublicKey | undefined>();

  constructor(options: NaraMemoryOptions) {
    this.#keys = new Map(options.keys);
    this.lastRestart = options.lastRestart;
    this.neighbourhood = new Neighbourhood(options.name, options.neighbours);
    const { capacity } = options;
    this.ledger = new LivingLedger(options.events, {
      capacity,
      hasKey: (name) => this.#keyOf(name) !== undefined,
    });
  }

  get keys(): ReadonlyMap<string, string> {
    return this.#keys;
  }

  isBooting(nowSeconds: number): boolean {
    return nowSeconds - this.lastRestart < BOOT_SECONDS;
  }

  /** A name that introduced itself: it is a neighbour that was never heard. */
  introduce(name: string, publicKey: string): void {
    this.neighbourhood.meet(name);
    this.#learnKey(name, publicKey);
  }

  /** What the server does with events whose request it believes; none of them may be one on which it panics. */
  import(events: readonly HeldEvent[], nowSeconds: number): { imported: number; warnings: number } {
    this.neighbourhood.hear(events, { nowSeconds, isBooting: this.isBooting(nowSeconds) });
    for (const held of events) this.#greet(held);
    const warnings = events.filter((held) => isSigned(held) && !this.#isVerified(held)).length;
    const imported = events.filter((held) => this.ledger.add(held)).length;
    return { imported, warnings };
  }

  /** The five-minute clean-up. Returns how many events went. */
  cleanUp(nowSeconds: number): number {
    const before = this.ledger.lost.length;
    const gone = this.neighbourhood.cleanUp(nowSeconds);
    for (const name of gone) this.#keys.delete(name);
    // With all that names them the ledger's own judgement of them goes.
    this.ledger.removeAbout(gone);
    this.ledger.trim();
    return this.ledger.lost.length - before;
  }

  /** A hey-there fills an empty place for its name: unsigned, or signed with the key that it brings. */
  #greet(held: HeldEvent): void {
    if (held.event.svc !== 'hey-there') return;
    const publicKey = textOf(held.payload, 'PublicKey');
    const key = PublicKey.parse(publicKey);
    const isForged = isSigned(held) && (key === undefined || !isSignedWith(held, key));
    if (publicKey !== '' && !isForged) this.#learnKey(textOf(held.payload, 'From'), publicKey);
  }

  #learnKey(name: string, publicKey: string): void {
    if (this.#keys.has(name)) return;
    this.#keys.set(name, publicKey);
    this.ledger.forgetKeys();
  }

  #isVerified(held: HeldEvent): boolean {
    const key = this.#keyOf(held.emitter);
    return key !== undefined && isSignedWith(held, key);
  }

  #keyOf(name: string): PublicKey | undefined {
    const text = this.#keys.get(name);
    if (text === undefined) return undefined;
    if (!this.#parsed.has(text)) this.#parsed.set(text, PublicKey.parse(text));
    return this.#parsed.get(text);
  }
}
