import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventSorter } from '../../src/merge/event-sorter.ts';
import { compareEvents } from '../../src/merge/order.ts';
import { radixOrder } from '../../src/merge/radix-order.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { viewOf } from './events.ts';

const payload = { observer: 'alice', subject: 'bob', via: 'x' };
const times = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 1n, 2n ** 32n, 2n ** 32n - 1n, -(2n ** 32n), 1_768_800_000_000_000_000n),
);
const origins = ['a', 'b'].map((label) => ({ label, holder: undefined, role: 'source' }) as const);

test('what a sorter gives is what sorting views gives, also when it is used again', () => {
  const sorter = new EventSorter();
  const via = fc.constantFrom('x', 'y', 'z'.repeat(1_200_000), 'w'.repeat(400_000));
  const some = fc.array(fc.tuple(times, via, fc.nat({ max: 1 })), { maxLength: 40 });
  fc.assert(
    fc.property(some, (parts) => {
      const events = parts.map(([tsNs, text, of]) => ({
        event: viewOf(makeEvent({ tsNs, svc: 'seen', payload: { ...payload, via: text } }).line),
        origin: origins[of]!,
      }));
      sorter.clear();
      for (const { event, origin } of events) sorter.add(event, origin);
      const expected = events.toSorted((a, b) => compareEvents(a.event, b.event));
      const reader = sorter.open();
      for (const { event, origin } of expected) {
        expect(compareEvents(reader.current!, event)).toBe(0);
        expect(reader.current!.tsNs).toBe(event.tsNs);
        expect(reader.origins).toHaveLength(1);
        if (expected.filter((one) => compareEvents(one.event, event) === 0).length === 1) {
          expect(reader.origins[0]).toBe(origin);
        }
        reader.advance();
      }
      expect(reader.current).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('any number of events that share their time come by ID, then by their bytes, as many as they are', () => {
  const random = new Prng('tied');
  const events = Array.from({ length: 10_000 }, (_, at) => {
    const { line } = makeEvent({ tsNs: 1n, svc: 'seen', payload: { ...payload, via: String(at >> 1) } });
    return viewOf(at % 2 === 0 ? line : line.replace('"svc"', ' "svc"'));
  });
  const sorter = new EventSorter();
  for (const event of random.sample([...events, ...events.slice(0, 5000)], 15_000))
    sorter.add(event, origins[0]!);
  const expected = [...events, ...events.slice(0, 5000)].sort(compareEvents);
  const reader = sorter.open();
  for (const event of expected) {
    expect(compareEvents(reader.current!, event)).toBe(0);
    reader.advance();
  }
  expect(reader.current).toBeUndefined();
});

test('numbers of 64 bits come out smallest first, equal ones in their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      fc.nat({ max: 5 }),
      (numbers, repeats) => {
        const all = [...numbers, ...numbers.slice(0, repeats)];
        const upper = Uint32Array.from(all, (one) => Number(one >> 32n));
        const lower = Uint32Array.from(all, (one) => Number(one & 0xffff_ffffn));
        const expected = [...all.keys()].sort((a, b) =>
          all[a]! < all[b]! ? -1 : all[a]! > all[b]! ? 1 : a - b,
        );
        expect([...radixOrder(upper, lower, all.length)]).toEqual(expected);
      },
    ),
  );
});
