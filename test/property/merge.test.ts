import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyRing } from '../../src/event/keyring.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { isSigned, verifyEventSignature } from '../../src/event/signature.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { emptyTally, merge, type MergeTally } from '../../src/merge/merge.ts';
import type { Copy } from '../../src/merge/copies.ts';
import type { Run } from '../../src/merge/run.ts';
import { RunPool } from '../../src/merge/run-pool.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { drain, fill, linesOf, runsOf, viewOf } from '../merge/events.ts';

const alice = makeIdentity('alice', new Prng('merge'));
/** No key is known of it. */
const nobody = makeIdentity('nobody', new Prng('nobody'));
const keys = new KeyRing();
keys.add('alice', PublicKey.parse(alice.publicKey)!);

/** A few events at a few times, in several spellings each, so that ties and differing copies are the rule. */
const POOL_LINES = [0n, 1n, 2n].flatMap((at) =>
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
      makeEvent({ ...parts, signer: nobody }).line,
      plain.replace('{', '{"x":1,'),
      plain.replace('"bob"', '"eve"'), // a misfit
      plain.replaceAll('seen', 'newer'), // an unknown service
    ];
  }),
);

const someLines = fc.array(fc.constantFrom(...POOL_LINES), { maxLength: 30 });
const someRuns = fc.array(fc.tuple(someLines, fc.constantFrom('k1', 'k2', undefined)), { maxLength: 5 });

async function mergeLines(
  runs: readonly Run[],
  tally: MergeTally = emptyTally(),
  pool = new RunPool(),
): Promise<string[]> {
  return linesOf(await drain(merge(runs, { pool, keys, tally })));
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
    const isOpen = event.emitter === 'nobody';
    return `${isOwn ? 1 : 0}${isOpen ? 1 : 0}${event.hasUnknownKey ? 0 : 1}${holders.get(text)!.size}`;
  };
  const given = new Set([...holders.keys()].map(keyOf));
  for (const text of known) if (!holders.has(text)) holders.set(text, new Set());
  const best = new Map<string, string>();
  for (const text of [...holders.keys()].sort()) {
    const rival = best.get(keyOf(text));
    if (given.has(keyOf(text)) && (rival === undefined || merits(text) > merits(rival)))
      best.set(keyOf(text), text);
  }
  const order = (text: string): string => {
    const event = viewOf(text);
    return `${event.tsNs} ${event.id} ${proveEvent(event).class === 'id' ? 0 : 1} ${text}`;
  };
  const had = new Set(known);
  return [...best.values()].filter((text) => !had.has(text)).sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Everything in memory, everything on the disk at once, and something between. */
const memoryBudget = fc.constantFrom(0, 3000, 20_000, 32 * 1024 * 1024);

test('the merge is what a map in memory makes of it, whatever the memory', async () => {
  await fc.assert(
    fc.asyncProperty(someRuns, someLines, memoryBudget, async (runs, known, memoryBytes) => {
      const pool = new RunPool({ memoryBytes });
      const tally = emptyTally();
      for (const [lines, holder] of runs) fill(pool, lines, { holder });
      fill(pool, known, { role: 'known' });
      const merged = await mergeLines(pool.finish(), tally, pool);
      pool.close();
      expect(merged).toEqual(naiveMerge(runs, known));
      expect(tally.given).toBe(runs.flatMap(([lines]) => lines).length);
      expect(tally.given).toBe(tally.written + tally.duplicate);
      expect(tally.written).toBe(merged.length);
    }),
    { numRuns: 500 },
  );
});

test('builders that fill in turn, and more runs than may be open, change nothing', async () => {
  const deal = fc.array(fc.tuple(fc.constantFrom(...POOL_LINES), fc.nat({ max: 199 })), {
    minLength: 300,
    maxLength: 600,
  });
  await fc.assert(
    fc.asyncProperty(deal, memoryBudget, async (deals, memoryBytes) => {
      const pool = new RunPool({ memoryBytes });
      const builders = Array.from({ length: 200 }, (_, at) =>
        pool.builder({ label: `peer ${at}`, holder: `k${at % 3}`, role: at === 7 ? 'known' : 'source' }),
      );
      for (const [line, peer] of deals) {
        builders[peer]!.add(viewOf(line));
        pool.relieve();
      }
      const tally = emptyTally();
      const merged = await mergeLines(pool.finish(), tally, pool);
      pool.close();
      const sources = deals.filter(([, peer]) => peer !== 7);
      const byHolder = sources.map(([line, peer]) => [[line], `k${peer % 3}`] as const);
      expect(merged).toEqual(
        naiveMerge(
          byHolder,
          deals.filter(([, peer]) => peer === 7).map(([line]) => line),
        ),
      );
      expect(tally.given).toBe(sources.length);
    }),
    { numRuns: 30 },
  );
});

test('the order of runs changes no byte', async () => {
  await fc.assert(
    fc.asyncProperty(someRuns, fc.nat(), async (runs, turn) => {
      const make = (): Run[][] => runs.map(([lines, holder]) => [...runsOf(lines, { holder })]);
      const turned = make()
        .map((_, at, all) => all[(at + turn) % all.length]!)
        .reverse();
      expect(await mergeLines(turned.flat())).toEqual(await mergeLines(make().flat()));
    }),
    { numRuns: 200 },
  );
});

test('more spellings of one event than memory holds: the best is written, each other one is told', async () => {
  const line = makeEvent({ tsNs: 5n, svc: 'seen', payload: { observer: 'a', subject: 'b', via: 'c' } }).line;
  const padding = 'x'.repeat(20_000);
  const spellings = Array.from({ length: 1000 }, (_, at) =>
    line.replace('{', `{"x":"${1000 + at}${padding}",`),
  );
  const pool = new RunPool();
  const tally = emptyTally();
  const told = new Set<string>();
  const onVariant = (loser: Copy): void => {
    expect(loser.origins.size).toBe(2);
    told.add(linesOf([loser.event])[0]!);
  };
  for (const label of ['a', 'b']) fill(pool, [...spellings, line], { label });
  const merged = linesOf(await drain(merge(pool.finish(), { pool, keys, tally, onVariant })));
  pool.close();
  expect(merged).toEqual([line]);
  expect(tally).toMatchObject({ given: 2002, written: 1, duplicate: 2001, better: 1, variants: 1000 });
  expect(told).toEqual(new Set(spellings));
});
