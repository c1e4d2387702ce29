import { expect, test } from 'vitest';
import { BatchSize } from '../../src/restore/batch-size.ts';
import { BatchSource } from '../../src/restore/batch-source.ts';
import type { Candidate } from '../../src/restore/candidates.ts';

function candidates(sizes: readonly number[]): Candidate[] {
  return sizes.map((size, at) => ({ id: `${at}`, tsNs: 0n, kind: 0, group: 0, bytes: Buffer.alloc(size) }));
}

function cut(sizes: readonly number[], size: { events: number; bytes: number }): number[] {
  const source = new BatchSource(candidates(sizes).values());
  const lengths: number[] = [];
  for (let batch = source.take(size); batch.length > 0; batch = source.take(size)) lengths.push(batch.length);
  return lengths;
}

test('batches hold so many events, and so many bytes with their commas', () => {
  expect(cut([9, 9, 9, 9, 9], { events: 2, bytes: 1000 })).toEqual([2, 2, 1]);
  expect(cut([9, 9, 9, 9, 9], { events: 100, bytes: 30 })).toEqual([3, 2]);
  expect(cut([9, 9, 9], { events: 100, bytes: 29 })).toEqual([2, 1]);
});

test('an event that is larger than a batch may be is one of its own', () => {
  expect(cut([9, 500, 9, 9], { events: 100, bytes: 30 })).toEqual([1, 1, 2]);
});

test('reads ahead no more than a batch of bytes', () => {
  let read = 0;
  function* counted(): Generator<Candidate, void> {
    for (const candidate of candidates(Array<number>(100).fill(99))) {
      read++;
      yield candidate;
    }
  }
  new BatchSource(counted()).prepare({ events: 1000, bytes: 500 });
  expect(read).toBeLessThan(8);
});

test('a batch that takes long makes the next one smaller, quick ones make them grow up to what was asked for', () => {
  const size = new BatchSize({ maxEvents: 2000, maxBytes: 1000 });
  size.answered(2000, 44_000);
  expect(size.events).toBe(454);
  size.answered(454, 9_999);
  expect(size.events).toBe(454);
  size.answered(454, 100);
  size.answered(908, 100);
  size.answered(1816, 100);
  expect(size.events).toBe(2000);
  size.answered(1, 100_000);
  expect(size.events).toBe(1);
});

test('a last batch, short and quick, says nothing of larger ones', () => {
  const size = new BatchSize({ maxEvents: 2000, maxBytes: 1000 });
  size.answered(100, 20_000);
  size.answered(3, 10);
  expect(size.events).toBe(50);
});

test('what was refused as too large halves what may go, down to nothing but one event', () => {
  const size = new BatchSize({ maxEvents: 2000, maxBytes: 1000 });
  size.refused(900);
  expect(size.bytes).toBe(450);
  for (let times = 0; times < 20; times++) size.refused(size.bytes);
  expect(size.bytes).toBe(1);
});

test('what cannot be read ahead is thrown when it is wanted: a request is under way meanwhile', () => {
  function* broken(): Generator<Candidate, void> {
    yield* candidates([9]);
    throw new Error('the disk is gone');
  }
  const size = { events: 10, bytes: 1000 };
  const source = new BatchSource(broken());
  source.prepare(size);
  expect(() => source.take(size)).toThrow('the disk is gone');
});
