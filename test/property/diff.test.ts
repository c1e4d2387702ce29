import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiffKind } from '../../src/archive/diff-counts.ts';
import { diff } from '../../src/archive/diff.ts';
import { readLine } from '../../src/event/event-view.ts';
import type { LineFile } from '../../src/jsonl/line-file.ts';
import { naiveCompact, POOL_LINES, identify, sortOut } from '../archive/compact-oracle.ts';
import { newFile, openAll } from '../archive/compacting.ts';

const KINDS = ['onlyA', 'onlyB', 'changed'] as const;
const someLines = fc.array(fc.constantFrom(...POOL_LINES), { maxLength: 120, size: '+1' });

/** Each thing that a backup holds, with the spellings that it holds of it. */
function things(lines: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const text of lines) {
    const event = readLine(Buffer.from(text));
    const key = event === undefined ? `broken ${text}` : identify(event);
    found.set(key, (found.get(key) ?? new Set()).add(text));
  }
  return found;
}

function naiveDiff(a: readonly string[], b: readonly string[]): Map<DiffKind | 'same', string[]> {
  const [ofA, ofB] = [things(a), things(b)];
  const outcome = new Map<DiffKind | 'same', string[]>([...KINDS, 'same' as const].map((kind) => [kind, []]));
  for (const key of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [inA, inB] = [ofA.get(key), ofB.get(key)];
    const differing = [...distinct(inA, inB)];
    const kind =
      inB === undefined ? 'onlyA' : inA === undefined ? 'onlyB' : differing.length > 0 ? 'changed' : 'same';
    outcome.get(kind)!.push(...(kind === 'same' ? [key] : differing));
  }
  return outcome;
}

test('a comparison is what two maps in memory make of it, sorted or not, whatever the memory', async () => {
  const memory = fc.constantFrom(0, 20_000, 32 * 1024 * 1024);
  const dress = fc.constantFrom('mixed', 'sorted', 'gzip');
  const side = fc.tuple(someLines, dress);
  await fc.assert(
    fc.asyncProperty(side, side, someLines, memory, async (first, second, shared, memoryBytes) => {
      const contents = [first, second].map(([lines, worn]) => {
        const all = [...lines, ...shared];
        return worn === 'sorted' ? [...naiveCompact(all), ...sortOut(all).bad] : all;
      });
      const paths = contents.map((lines, at) => {
        const text = lines.map((line) => `${line}\n`).join('');
        return newFile([first, second][at]![1] === 'gzip' ? gzipSync(text) : text);
      });
      const files = await openAll(await Promise.all(paths));
      const [a, b] = files as [LineFile, LineFile];
      const told = new Map<DiffKind, string[]>(KINDS.map((kind) => [kind, []]));
      const summary = await diff({
        a,
        b,
        filter: { services: [], naras: [] },
        memoryBytes,
        wanted: new Set(KINDS),
        onLine: ({ kind, bytes }) => {
          told.get(kind)!.push(bytes.toString());
          return Promise.resolve();
        },
        signal: new AbortController().signal,
      });
      await Promise.all(files.map((file) => file.close()));
      const expected = naiveDiff(contents[0]!, contents[1]!);
      for (const kind of KINDS) expect(told.get(kind)!.sort()).toEqual(expected.get(kind)!.sort());
      expect(summary.events.same + summary.broken.same).toBe(expected.get('same')!.length);
      for (const { rows } of [summary.byService, summary.byMonth]) {
        const sum = (kind: keyof typeof summary.events): number =>
          [...rows.values()].reduce((total, row) => total + row[kind], 0);
        expect({
          onlyA: sum('onlyA'),
          onlyB: sum('onlyB'),
          changed: sum('changed'),
          same: sum('same'),
        }).toEqual(summary.events);
      }
    }),
    { numRuns: 150 },
  );
});

/** What one of them has and the other has not. */
function distinct(x = new Set<string>(), y = new Set<string>()): string[] {
  return [...[...x].filter((one) => !y.has(one)), ...[...y].filter((one) => !x.has(one))];
}
