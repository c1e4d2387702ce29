import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactFiles, newFile } from '../archive/compacting.ts';
import { naiveCompact, POOL_LINES, sortOut } from '../archive/compact-oracle.ts';

const someLines = fc.array(fc.constantFrom(...POOL_LINES, '', ' \t'), { maxLength: 150, size: '+1' });
/** Everything on the disk at once, and everything in memory. */
const memory = fc.constantFrom(0, 20_000, 32 * 1024 * 1024);
/** How the lines of a file lie there. */
const dress = fc.record({
  gzip: fc.constantFrom<'no' | 'one' | 'members'>('no', 'one', 'members'),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  isTorn: fc.boolean(),
  isSorted: fc.boolean(),
});
type Dress = typeof dress extends fc.Arbitrary<infer T> ? T : never;

function contentOf(lines: readonly string[], { gzip, lineEnd, isTorn, isSorted }: Dress): string | Buffer {
  const sorted = isSorted ? naiveCompact(lines).concat(sortOut(lines).bad) : lines;
  const ended = sorted.map((text) => `${text}${lineEnd}`);
  if (isTorn && sorted.length > 0) ended[ended.length - 1] = sorted.at(-1)!;
  if (gzip === 'no') return ended.join('');
  if (gzip === 'one') return gzipSync(ended.join(''));
  return Buffer.concat(ended.map((text) => gzipSync(text)));
}

test('a compaction is what a map in memory makes of it, whatever the memory and the dress', async () => {
  const files = fc.array(fc.tuple(someLines, dress), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(files, memory, fc.boolean(), async (inputs, memoryBytes, withSelf) => {
      const given = inputs.flatMap(([lines, { isSorted }]) =>
        isSorted ? [...naiveCompact(lines), ...sortOut(lines).bad] : lines,
      );
      const paths = await Promise.all(inputs.map(([lines, worn]) => newFile(contentOf(lines, worn))));
      const twice = withSelf ? [...paths, paths[0]!] : paths;
      const { bytes, summary, quarantine } = await compactFiles(twice, { memoryBytes });
      expect(bytes.toString()).toBe(
        naiveCompact(given)
          .map((text) => `${text}\n`)
          .join(''),
      );
      const { bad } = sortOut(given);
      expect([...new Set(quarantine.texts.map((text) => text.trimEnd()))].sort()).toEqual(
        [...new Set(bad)].sort(),
      );
      const { read, written, duplicate, quarantined } = summary.lines;
      expect(read).toBe(written + duplicate + quarantined);
      if (!withSelf) expect(quarantined).toBe(bad.length);
    }),
    { numRuns: 150 },
  );
});

test('the same lines give the same bytes, whatever their order, their files and the memory; so with gzip', async () => {
  const cut = fc.array(fc.nat({ max: 3 }), { minLength: 150, maxLength: 150 });
  const shuffled = someLines.chain((lines) =>
    fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })),
  );
  await fc.assert(
    fc.asyncProperty(shuffled, cut, memory, fc.boolean(), async ([lines, mixed], deal, memoryBytes, gzip) => {
      const one = await compactFiles([await newFile(lines.join('\n'))], { gzip });
      const parts = [0, 1, 2, 3].map((file) => mixed.filter((_, at) => deal[at] === file).join('\n'));
      const other = await compactFiles(await Promise.all(parts.map(newFile)), { memoryBytes, gzip });
      expect(other.bytes.equals(one.bytes)).toBe(true);
      const again = await compactFiles([await newFile(one.bytes)], { gzip });
      expect(again.bytes.equals(one.bytes)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('the oracle has work to do: better copies win, and every kind of line is there', async () => {
  const { summary } = await compactFiles([await newFile(`${POOL_LINES.join('\n')}\n`)]);
  const { better, misfit, hostile, broken, unknownService } = summary.lines;
  for (const count of [better, misfit, hostile, broken, unknownService]) expect(count).toBeGreaterThan(1);
});
