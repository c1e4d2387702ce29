/**
 * Runs two things in turn, A B A B …, and returns the ratio of their times: the median of the rounds, and the range.
 * Only ratios within one run mean anything: machines are noisy.
 */
export function compare(a, b, rounds = 9) {
  a();
  b();
  const ratios = Array.from({ length: rounds }, () => timeMs(a) / timeMs(b)).sort((x, y) => x - y);
  return { median: ratios[rounds >> 1], min: ratios[0], max: ratios.at(-1) };
}

function timeMs(work) {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
