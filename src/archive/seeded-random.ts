import { hash } from 'node:crypto';

const DOUBLE_STEPS = 2 ** 53;

/**
 * Random numbers that depend on a text alone (the generator sfc32, by Chris Doty-Humphrey): at least 0, below 1, in steps
 * fine enough for 2^53 events. For choosing, never for secrets.
 */
export function seededRandom(seed: string): () => number {
  const words = hash('sha256', seed, 'buffer');
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => words.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const next = (): number => {
    const mixed = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + mixed) | 0;
    return mixed >>> 0;
  };
  return () => (next() * 2 ** 21 + (next() >>> 11)) / DOUBLE_STEPS;
}
