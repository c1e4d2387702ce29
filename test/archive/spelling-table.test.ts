import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpellingTable } from '../../src/archive/spelling-table.ts';

function wordsOf(id: string, spelling: string): Uint32Array {
  const hashes = [id, spelling].map((text) => createHash('sha256').update(text).digest().subarray(0, 16));
  return new Uint32Array(new Uint8Array(Buffer.concat(hashes)).buffer);
}

test('says what a map of sets says', () => {
  const copies = fc.array(fc.tuple(fc.nat(40).map(String), fc.nat(4).map(String)), { maxLength: 400 });
  fc.assert(
    fc.property(copies, (given) => {
      const table = new SpellingTable();
      const map = new Map<string, Set<string>>();
      for (const [id, spelling] of given) {
        const known = map.get(id);
        const expected = known === undefined ? 'new' : known.has(spelling) ? 'same' : 'differs';
        map.set(id, (known ?? new Set()).add(spelling));
        expect(table.add(wordsOf(id, `${id} ${spelling}`), 0)).toBe(expected);
      }
    }),
  );
});

test('grows, and forgets nothing', () => {
  const table = new SpellingTable();
  const ids = Array.from({ length: 20_000 }, (_, at) => wordsOf(`${at}`, `${at}`));
  expect(ids.every((words) => table.add(words, 0) === 'new')).toBe(true);
  expect(ids.every((words) => table.add(words, 0) === 'same')).toBe(true);
});
