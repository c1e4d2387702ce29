/** Two things measured in turn. Only ratios within one run mean anything: machines are noisy. */

/** Runs A B A B … and resolves to the pairs of what they resolve to. Whoever wants a warm-up runs it before. */
export async function alternate(a, b, rounds) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) pairs.push([await a(), await b()]);
  return pairs;
}

/** How many times larger A's figure is than B's, as text: the median of the rounds, and their range. */
export function ratioText(pairs, figure) {
  const ratios = pairs.map(([a, b]) => figure(a) / figure(b)).sort((x, y) => x - y);
  const [median, least, most] = [medianOf(ratios), ratios[0], ratios.at(-1)].map((ratio) => ratio.toFixed(2));
  return `${median} × (${least} to ${most})`;
}

export function medianOf(figures) {
  return figures.toSorted((x, y) => x - y)[figures.length >> 1];
}

/** How long work that blocks takes, in milliseconds. */
export function timeMs(work) {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
