import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EventView } from '../../src/event/event-view.ts';
import { SeenEvents } from '../../src/sync/seen-events.ts';

const viewOf = (text: string): EventView => {
  const source = Buffer.from(`[${text}]`);
  return { source, start: 1, end: source.length - 1 } as EventView;
};

it('says what a Map of the bytes says, through every growth', () => {
  const note = fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(fc.array(note, { minLength: 1500, maxLength: 4000, size: 'max' }), (notes) => {
      const seen = new SeenEvents();
      const oracle = new Map<number, number>();
      for (const [what, set] of notes) {
        const before = oracle.get(what);
        oracle.set(what, set);
        const expected = before === undefined ? 'new' : before === set ? 'twice' : 'again';
        if (seen.note(viewOf(String(what)), set) !== expected) throw new Error(`${what} in ${set}`);
      }
      expect(seen.count).toBe(oracle.size);
    }),
    { numRuns: 20 },
  );
});
