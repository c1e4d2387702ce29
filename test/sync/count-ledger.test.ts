import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../../src/sandbox/ledger.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { countLedger, type LedgerCount } from '../../src/sync/count-ledger.ts';
import type { SliceRequest } from '../../src/sync/sync-client.ts';

/** What counts a ledger: each request is answered from another one, as the caller likes. */
async function count(
  answer: (number: number) => Ledger,
): Promise<LedgerCount & { readonly requests: readonly number[] }> {
  const requests: number[] = [];
  const counted = await countLedger(({ cursor, index, total }: SliceRequest) => {
    const { events } = answer(requests.length).select({
      from: 'alice',
      services: [],
      subjects: [],
      mode: '',
      pageSize: 0n,
      cursor: '',
      limit: 0n,
      sampleSize: 0n,
      sinceTime: cursor,
      sliceIndex: BigInt(index),
      sliceTotal: BigInt(total),
      maxEvents: 5000n,
    });
    requests.push(events.length);
    return Promise.resolve(events.map(({ tsNs }) => ({ tsNs, hostile: undefined })));
  });
  return { ...counted, requests };
}

function at(tsNs: number, number: number): SandboxEvent {
  const subjects: string[] = [];
  return { line: '', id: `${number}`, tsNs: BigInt(tsNs), svc: 'ping', subjects, critical: false };
}

/** An old server answers with another order of its ties each time. */
function serve(events: readonly SandboxEvent[], isLegacy: boolean): (number: number) => Ledger {
  return (number) => new Ledger(events, isLegacy, isLegacy ? `${number}` : undefined);
}

const SIZES = [0, 1, 2, 1023, 1024, 1025, 2048, 5000, 20_000];

describe.each([
  ['a current server', false],
  ['an old server', true],
])('%s', (_, isLegacy) => {
  test.each(SIZES)('%i events, each of its own time: two requests', async (size) => {
    const events = Array.from({ length: size }, (_event, number) => at(number - 50, number));
    const counted = await count(serve(events, isLegacy));
    expect(counted).toMatchObject({ events: size, isExact: true });
    expect(counted.requests.length).toBeLessThanOrEqual(2);
  });

  test.each(SIZES)('%i events, all of one time: no more than eleven more', async (size) => {
    const events = Array.from({ length: size }, (_event, number) => at(7, number));
    const counted = await count(serve(events, isLegacy));
    expect(counted).toMatchObject({ events: size, isExact: true });
    expect(counted.requests.length).toBeLessThanOrEqual(13);
  });

  test('any ledger, with any ties', async () => {
    const bursts = fc.array(fc.record({ gap: fc.nat({ max: 3 }), size: fc.integer({ min: 1, max: 1500 }) }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(bursts, async (all) => {
        const events: SandboxEvent[] = [];
        let tsNs = -5;
        for (const { gap, size } of all) {
          tsNs += gap; // of 0: one burst with the one before
          for (let number = 0; number < size; number++) events.push(at(tsNs, events.length));
        }
        expect(await count(serve(events, isLegacy))).toMatchObject({
          events: events.length,
          isExact: true,
        });
      }),
      { numRuns: 60 },
    );
  });
});

test('a ledger that grows at its end meanwhile is counted as it was at the last look', async () => {
  const events = Array.from({ length: 3000 }, (_, number) => at(number, number));
  const counted = await count((number) => new Ledger(events.slice(0, 1500 + number)));
  expect(counted).toMatchObject({ events: 1501, isExact: true });
});

test('what was seen and is gone a moment later is no exact count', async () => {
  const events = Array.from({ length: 3000 }, (_, number) => at(number, number));
  const shrunk = await count((number) => new Ledger(number === 0 ? events : events.slice(0, 10)));
  expect(shrunk).toEqual({ events: 2049, isExact: false, requests: [3, 0] });
});

test('a server that does not slice, or does not sort, is not believed', async () => {
  const events = (times: number[]) => times.map((ts) => ({ tsNs: BigInt(ts), hostile: undefined }));
  const same = await countLedger(() => Promise.resolve(events([1, 2, 2, 2])));
  expect(same).toEqual({ events: 3074, isExact: false });
  const unsorted = await countLedger(() => Promise.resolve(events([2, 1])));
  expect(unsorted).toEqual({ events: 1025, isExact: false });
  const endless = await countLedger(({ cursor }) =>
    Promise.resolve(Array.from({ length: 5000 }, () => ({ tsNs: cursor + 1n, hostile: undefined }))),
  );
  expect(endless).toEqual({ events: 4999 * 1024 + 1, isExact: false });
});

test('an edge that is hostile has no time to ask from: its place is sought', async () => {
  const events = Array.from({ length: 1500 }, (_, number) => at(number, number));
  const asked: bigint[] = [];
  const counted = await countLedger(({ cursor, index, total }) => {
    asked.push(cursor);
    const chosen = events.filter((_, number) => number % total === index);
    return Promise.resolve(chosen.map(({ tsNs }) => ({ tsNs, hostile: 'too-large' as const })));
  });
  expect(counted).toEqual({ events: 1500, isExact: true });
  expect(new Set(asked)).toEqual(new Set([-(2n ** 63n)]));
});
