import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyRing } from '../../src/event/keyring.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { isSigned, verifyEventSignature } from '../../src/event/signature.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { emptyTally, merge, type MergeTally } from '../../src/merge/merge.ts';
import type { Run } from '../../src/merge/run.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { drain, linesOf, runOf, viewOf } from '../merge/events.ts';

const alice = makeIdentity('alice', new Prng('merge'));
const keys = new KeyRing();
keys.add('alice', PublicKey.parse(alice.publicKey)!);

/** A few events at a few times, in several spellings each, so that ties and differing copies are the rule. */
const POOL = [0n, 1n, 2n].flatMap((at) =>
  ['x', 'y', 'z'].flatMap((via) => {
    const parts = {
      tsNs: 1_768_800_000_000_000_000n + at,
      svc: 'seen',
      payload: { observer: 'alice', subject: 'bob', via },
    };
    const plain = makeEvent(parts).line;
    return [
      plain,
      makeEvent({ ...parts, signer: alice }).line,
      plain.replace('{', '{"x":1,'),
      plain.replace('"bob"', '"eve"'), // a misfit
      plain.replaceAll('seen', 'newer'), // an unknown service
    ];
  }),
);

const someLines = fc.array(fc.constantFrom(...POOL), { maxLength: 30 });
const someRuns = fc.array(fc.tuple(someLines, fc.constantFrom('k1', 'k2', undefined)), { maxLength: 5 });

async function mergeLines(runs: readonly Run[], tally: MergeTally = emptyTally()): Promise<string[]> {
  return linesOf(await drain(merge(runs, { keys, tally })));
}

/** The merge again, with everything in one map. */
function naiveMerge(
  runs: readonly (readonly [readonly string[], string | undefined])[],
  known: readonly string[],
): string[] {
  const keyOf = (text: string): string => {
    const event = viewOf(text);
    return proveEvent(event).class === 'id' ? event.id : text;
  };
  const holders = new Map<string, Set<string>>();
  for (const [lines, holder] of runs) {
    for (const text of lines) {
      if (!holders.has(text)) holders.set(text, new Set());
      if (holder !== undefined) holders.get(text)!.add(holder);
    }
  }
  const merits = (text: string): string => {
    const event = viewOf(text);
    const isOwn = isSigned(event) && verifyEventSignature(event, keys);
    return `${isOwn ? 1 : 0}${event.hasUnknownKey ? 0 : 1}${holders.get(text)!.size}`;
  };
  const best = new Map<string, string>();
  const had = new Set(known.map(keyOf));
  for (const text of [...holders.keys()].sort()) {
    const rival = best.get(keyOf(text));
    if (!had.has(keyOf(text)) && (rival === undefined || merits(text) > merits(rival)))
      best.set(keyOf(text), text);
  }
  const order = (text: string): string => `${viewOf(text).tsNs} ${viewOf(text).id} ${text}`;
  return [...best.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

test('the merge is what a map in memory makes of it', async () => {
  await fc.assert(
    fc.asyncProperty(someRuns, someLines, async (runs, known) => {
      const tally = emptyTally();
      const merged = await mergeLines(
        [...runs.map(([lines, holder]) => runOf(lines, { holder })), runOf(known, { role: 'known' })],
        tally,
      );
      expect(merged).toEqual(naiveMerge(runs, known));
      expect(tally.given).toBe(runs.flatMap(([lines]) => lines).length);
      expect(tally.given).toBe(tally.written + tally.duplicate);
      expect(tally.written).toBe(merged.length);
    }),
    { numRuns: 500 },
  );
});

test('neither the order of runs nor how they come in batches changes a byte', async () => {
  await fc.assert(
    fc.asyncProperty(someRuns, fc.nat(), fc.integer({ min: 1, max: 5 }), async (runs, turn, batchSize) => {
      const made = runs.map(([lines, holder]) => runOf(lines, { holder }));
      const turned = made.map((_, at) => inBatches(made[(at + turn) % made.length]!, batchSize)).reverse();
      expect(await mergeLines(turned)).toEqual(await mergeLines(made));
    }),
    { numRuns: 300 },
  );
});

/** The same run in smaller and empty batches. */
function inBatches(run: Run, size: number): Run {
  return {
    origin: run.origin,
    async *open() {
      for await (const batch of run.open()) {
        for (let at = 0; at < batch.length; at += size) {
          yield batch.slice(at, at + size);
          yield [];
        }
      }
    },
  };
}

/** More than the merge gives in one batch. */
const LONG = Array.from(
  { length: 3000 },
  (_, at) =>
    makeEvent({ tsNs: BigInt(at), svc: 'seen', payload: { observer: 'a', subject: 'b', via: 'c' } }).line,
);

test('a merge that is left early closes its runs', async () => {
  let closed = 0;
  const closing = (run: Run): Run => ({
    origin: run.origin,
    async *open() {
      try {
        for await (const batch of run.open()) yield* batch.map((event) => [event]);
      } finally {
        closed++;
      }
    },
  });
  const merged = merge([closing(runOf(LONG)), closing(runOf(LONG))], { keys, tally: emptyTally() });
  expect((await merged.next()).done).toBe(false);
  await merged.return();
  expect(closed).toBe(2);
});

test('ten thousand spellings of one event are told apart without comparing each to each', async () => {
  const line = makeEvent({ tsNs: 5n, svc: 'seen', payload: { observer: 'a', subject: 'b', via: 'c' } }).line;
  const spellings = Array.from({ length: 10_000 }, (_, at) => line.replace('{', `{"x":${at},`));
  const tally = emptyTally();
  expect(await mergeLines([runOf(spellings), runOf(spellings)], tally)).toEqual([spellings[0]]);
  expect(tally).toMatchObject({ given: 20_000, written: 1, duplicate: 19_999 });
});
