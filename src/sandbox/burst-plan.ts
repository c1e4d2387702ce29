import type { Prng } from './prng.ts';

/** Where in every ledger a burst of events with one `ts` lies. */
export interface Burst {
  /** Index of its first event. */
  readonly start: number;
  readonly size: number;
}

/** From so many pages on a ledger has one burst that no page of `pageSize` can hold. */
const PAGES_FOR_GIANT = 5;

/**
 * Bursts that lie across every end of a page of a ledger, in order, none touching another. A ledger of less than a
 * page has one in its middle; one of less than 8 events none. With `middleSize` one of that size lies in the middle.
 */
export function planBursts(eventCount: number, pageSize: number, prng: Prng, middleSize = 0): Burst[] {
  const usual = planUsual(eventCount, pageSize, prng);
  if (middleSize === 0) return usual;
  const size = Math.min(middleSize, eventCount);
  const start = Math.floor((eventCount - size) / 2);
  const apart = usual.filter((burst) => burst.start + burst.size < start || burst.start > start + size);
  return [...apart, { start, size }].sort((a, b) => a.start - b.start);
}

function planUsual(eventCount: number, pageSize: number, prng: Prng): Burst[] {
  const bursts: Burst[] = [];
  for (let pageEnd = pageSize; pageEnd < eventCount; pageEnd += pageSize) {
    const isGiant = eventCount >= PAGES_FOR_GIANT * pageSize && pageEnd === 3 * pageSize;
    const size = isGiant
      ? Math.ceil(pageSize * 1.25)
      : prng.integer(Math.ceil(pageSize / 100) + 1, Math.ceil(pageSize / 7) + 1);
    const start = isGiant ? pageEnd - Math.floor(pageSize / 2) : pageEnd - prng.integer(1, size - 1);
    bursts.push({ start, size: Math.min(size, eventCount - start) });
  }
  if (bursts.length === 0 && eventCount >= 8) {
    bursts.push({ start: Math.floor(eventCount / 2), size: Math.min(40, Math.floor(eventCount / 4)) });
  }
  return bursts;
}
