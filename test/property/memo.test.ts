import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventMemo } from '../../src/event/event-memo.ts';
import type { EventView } from '../../src/event/event-view.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { parseSyncAnswer } from '../../src/sync/answer.ts';

/** A few events and what is like them, some of it no event at all: it ends elsewhere than it seems, or is spelt otherwise. */
const TEXTS = [1n, 2n, 3n, 4n].flatMap((tsNs) => {
  const parts = { tsNs, svc: 'seen', payload: { observer: 'alice', subject: 'b:o:b', via: 'c' } };
  const { line } = makeEvent(parts);
  return [
    line,
    line.replace('{', '{ '),
    line.replace('"via":"c"', '"via":"d"'),
    line.replace('{', '{"ID":"x",'),
    line.replace('alice', '\\u0061lice'),
  ];
});
const OTHERS = ['null', '1', '12', '"x"', '[]', '{}', '{"id":"0123456789"}', 'true'];

const pages = fc.array(
  fc.tuple(
    fc.array(fc.constantFrom(...TEXTS, ...OTHERS), { maxLength: 12 }),
    fc.constantFrom('', ' ', '\n'),
    fc.boolean(),
  ),
  { maxLength: 12 },
);

/** All that can be asked of an event. */
function told(event: EventView): unknown {
  const { source, start, end, id, tsNs, svc, emitter, emitterId, sig, payload, content, computedId } = event;
  const { hostile, hasUnknownKey, isAmbiguous } = event;
  const text = source.toString('utf8', start, end);
  const facts = {
    text,
    id,
    tsNs,
    svc,
    emitter,
    emitterId,
    sig,
    payload,
    content,
    computedId,
    proof: proveEvent(event),
  };
  return { ...facts, hostile, hasUnknownKey, isAmbiguous };
}

test('with a memo pages say what they say without one, also when their bytes are gone and it forgets now and then', () => {
  fc.assert(
    fc.property(pages, (given) => {
      const memo = new EventMemo();
      for (const [texts, blank, forgets] of given) {
        const body = Buffer.from(`{"events":[${texts.join(`,${blank}`)}]}`);
        const plain = parseSyncAnswer(body);
        const { events, broken } = parseSyncAnswer(Buffer.from(body), memo);
        const copy = Buffer.from(body);
        const fromCopy = parseSyncAnswer(copy, memo).events;
        copy.fill(0);
        if (forgets) memo.turn();
        expect(broken).toBe(plain.broken);
        expect(events.map(told)).toEqual(plain.events.map(told));
        expect(fromCopy.map(told)).toEqual(plain.events.map(told));
      }
    }),
    { numRuns: 300 },
  );
});

test('the same bytes are the same view, whoever gives them, until it forgets', () => {
  const memo = new EventMemo();
  const page = (texts: readonly string[]): Buffer => Buffer.from(`{"events":[${texts.join(',')}]}`);
  const texts = Array.from({ length: 20 }, (_, at) => {
    const payload = { observer: 'alice', subject: 'bob', via: 'c' };
    return makeEvent({ tsNs: BigInt(at), svc: 'seen', payload }).line;
  });
  const first = parseSyncAnswer(page(texts), memo).events;
  const { bytes } = memo;
  // Another peer lacks some of them.
  const second = parseSyncAnswer(page(texts.filter((_, at) => at % 3 > 0).reverse()), memo).events;
  expect(second.every((event) => first.includes(event))).toBe(true);
  expect(memo.bytes).toBe(bytes);
  expect(memo.remember(first[0]!)).toBe(first[0]);
  memo.turn();
  expect(memo.bytes).toBe(0);
  expect(memo.remember(first[0]!)).not.toBe(first[0]);
});

test('a view stays good over one turn, whatever comes then', () => {
  const memo = new EventMemo();
  const linesFrom = (from: number): string[] =>
    Array.from({ length: 20 }, (_, at) => {
      const payload = { observer: 'alice', subject: 'bob', via: 'c' };
      return makeEvent({ tsNs: BigInt(from + at), svc: 'seen', payload }).line;
    });
  const page = (lines: readonly string[]): Buffer => Buffer.from(`{"events":[${lines.join(',')}]}`);
  const { events } = parseSyncAnswer(page(linesFrom(10)), memo);
  const before = events.map(told);
  memo.turn();
  parseSyncAnswer(page(linesFrom(40)), memo);
  expect(events.map(told)).toEqual(before);
});
