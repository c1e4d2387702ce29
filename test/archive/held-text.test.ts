import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldText } from '../../src/archive/held-text.ts';
import { LineSample } from '../../src/archive/line-sample.ts';
import { seededRandom } from '../../src/archive/seeded-random.ts';

const MIB = 1024 * 1024;

test('text of any length comes back, in order and from any place', () => {
  const lengths = fc.array(fc.oneof(fc.nat({ max: 5000 }), fc.integer({ min: MIB - 2, max: MIB + 2 })), {
    maxLength: 12,
    size: 'max',
  });
  fc.assert(
    fc.property(lengths, (all) => {
      const pieces = all.map((length, at) => Buffer.alloc(length, 'a'.charCodeAt(0) + at));
      const text = new HeldText(tmpdir());
      try {
        const places = pieces.map((piece) => text.append(piece));
        expect(text.bytes).toBe(Buffer.concat(pieces).length);
        for (const at of [...places.keys(), ...places.keys()].reverse())
          expect(text.read(places[at]!, pieces[at]!.length).equals(pieces[at]!)).toBe(true);
      } finally {
        text.close();
      }
    }),
    { numRuns: 50 },
  );
});

test('a sample of more than memory holds is the sample that memory would hold', () => {
  const lineOf = (at: number): Buffer => Buffer.from(`${at} ${'x'.repeat(1000)}\n`);
  const [size, count] = [3000, 20_000];
  let looks = 0;
  const sample = new LineSample(size, seededRandom('seed'), tmpdir());
  const [random, kept] = [seededRandom('seed'), Array<number>(size)];
  try {
    for (let at = 0; at < count; at++) {
      sample.offer(() => {
        looks++;
        return lineOf(at);
      });
      const slot = at < size ? at : Math.floor(random() * (at + 1));
      if (slot < size) kept[slot] = at;
    }
    expect(looks).toBeLessThan(count / 2); // what is passed over costs nothing
    const batches = [...sample.batches()];
    const wanted = kept.sort((a, b) => a - b).map(lineOf);
    expect(batches.reduce((sum, { lines }) => sum + lines, 0)).toBe(size);
    expect(Buffer.concat(batches.map(({ bytes }) => bytes)).equals(Buffer.concat(wanted))).toBe(true);
  } finally {
    sample.close();
  }
});

test('random numbers are spread evenly, and are others for another seed', () => {
  const random = seededRandom('a');
  const counts = Array<number>(16).fill(0);
  for (let at = 0; at < 160_000; at++) counts[Math.floor(random() * 16)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(600);
  expect(seededRandom('a')()).toBe(seededRandom('a')());
  expect(seededRandom('a')()).not.toBe(seededRandom('b')());
});
