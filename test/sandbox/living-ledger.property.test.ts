import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holdEvent } from '../../src/sandbox/held-event.ts';
import { LivingLedger } from '../../src/sandbox/living-ledger.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { checkpoint, event, ping, restart, seen, status, tease } from './importing.ts';

/** What a test knows of an event without reading it. */
interface Card {
  readonly event: SandboxEvent;
  readonly kind: 'ping' | 'status' | 'restart' | 'seen' | 'tease' | 'checkpoint' | 'bad';
  /** Whom it names first and second: observer and subject, or target. */
  readonly names: readonly [string, string];
}

const KNOWN = ['alice', 'bob'];
const WORTH = { ping: 0, seen: 1, tease: 2, bad: 2, status: 3, restart: 4, checkpoint: 4 };

/** The rules once more, with nothing but a list that is gone through for each event. */
class NaiveLedger {
  list: Card[] = [];
  readonly lost: Card[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(card: Card): boolean {
    const isObservation = ['status', 'restart', 'bad'].includes(card.kind);
    if (isObservation) this.#drop(this.#displacedObservation(card));
    if (card.kind === 'bad' || this.list.some(({ event: { id } }) => id === card.event.id)) return false;
    if (card.kind === 'ping') {
      const others = this.list.filter(({ kind, names }) => kind === 'ping' && names[1] === card.names[1]);
      const [first] = sortByTime(others);
      if (others.length >= 5) {
        if (card.event.tsNs <= first!.event.tsNs) return false;
        this.#drop(first);
      }
    }
    this.list.push(card);
    if (!isObservation) this.#trim();
    return true;
  }

  #displacedObservation({ names }: Card): Card | undefined {
    const pair = this.list.filter(
      (card) =>
        ['status', 'restart'].includes(card.kind) && card.names[0] === names[0] && card.names[1] === names[1],
    );
    if (pair.length < 20) return undefined;
    const [ordinary] = sortByTime(pair.filter(({ kind }) => kind !== 'restart'));
    const isKnown = this.list.some((card) => card.kind === 'checkpoint' && card.names[1] === names[1]);
    return ordinary ?? (isKnown ? sortByTime(pair)[0] : undefined);
  }

  #trim(): void {
    while (this.list.length > this.#capacity) {
      const ranked = sortByTime(this.list).sort(
        (a, b) => Number(isStranger(b)) - Number(isStranger(a)) || WORTH[a.kind] - WORTH[b.kind],
      );
      if (WORTH[ranked[0]!.kind] === 4) return;
      this.#drop(ranked[0]);
    }
  }

  #drop(card: Card | undefined): void {
    if (card === undefined) return;
    this.list = this.list.filter((other) => other !== card);
    this.lost.push(card);
  }
}

function sortByTime(cards: readonly Card[]): Card[] {
  return cards.toSorted((a, b) => Number(a.event.tsNs - b.event.tsNs));
}

function isStranger({ kind, names }: Card): boolean {
  return kind !== 'checkpoint' && names.some((name) => !KNOWN.includes(name));
}

const bad = (tsNs: number, observer: string, subject: string): SandboxEvent =>
  event('observation', tsNs, { observer, subject, type: 'restart', importance: 9 });
const named = { ping: (ts: number, a: string, b: string) => ping(b, ts, a), status, restart, seen, bad };

/** Each of another time, so that no two are as good a victim; some kinds come in crowds of one pair. */
const cards = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...(['status', 'status', 'restart', 'ping', 'ping'] as const), 'other' as const),
      other: fc.constantFrom('seen' as const, 'tease' as const, 'checkpoint' as const, 'bad' as const),
      first: fc.constantFrom('alice', 'alice', 'alice', 'ghost'),
      second: fc.constantFrom('bob', 'bob', 'bob', 'ghost'),
      time: fc.integer({ min: 1, max: 150 }),
    }),
    { minLength: 40, maxLength: 200, size: 'max' },
  )
  .map((drafts) =>
    drafts.map(({ kind: usual, other, first, second, time }): Card => {
      const kind = usual === 'other' ? other : usual;
      const kinds = Object.keys(WORTH);
      const tsNs =
        (time * kinds.length + kinds.indexOf(kind)) * 4 +
        Number(first === 'ghost') +
        2 * Number(second === 'ghost');
      if (kind === 'tease') return { kind, event: tease(tsNs), names: ['alice', 'bob'] };
      if (kind === 'checkpoint') return { kind, event: checkpoint(tsNs, second), names: ['', second] };
      return { kind, event: named[kind](tsNs, first, second), names: [first, second] };
    }),
  );

it('keeps and loses what a naive ledger does', () => {
  let displaced = 0;
  fc.assert(
    fc.property(cards, fc.integer({ min: 5, max: 80 }), (sent, capacity) => {
      const ledger = new LivingLedger([], { capacity, hasKey: (name) => KNOWN.includes(name) });
      const naive = new NaiveLedger(capacity);
      for (const card of sent) {
        expect(ledger.add(holdEvent(card.event))).toBe(naive.add(card));
        expect(ledger.events.map(({ id }) => id)).toEqual(naive.list.map((held) => held.event.id));
      }
      expect(ledger.lost).toEqual(naive.lost.map((gone) => gone.event));
      displaced += ledger.lost.length;
    }),
    { numRuns: 60 },
  );
  expect(displaced).toBeGreaterThan(500);
});
