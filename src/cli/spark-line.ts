const BLOCKS = '▁▂▃▄▅▆▇█';

/** Counts as a row of blocks, the largest full; a blank is none at all. */
export function sparkLine(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts
    .map((count) => (count === 0 ? ' ' : BLOCKS[Math.ceil((count / most) * BLOCKS.length) - 1]!))
    .join('');
}
