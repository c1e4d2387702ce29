import { expect, test } from 'vitest';
import { EventMemo } from '../../src/event/event-memo.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { viewOf } from '../merge/events.ts';
import { startBob, walk } from './walking.ts';

const OTHERS = makeHistory({ naras: 1, eventsPerNara: 6000, seed: 9 }).ledgers[0]!.map(({ line }) =>
  viewOf(line),
);

/** Forgets all that it knows, and writes over the memory that it had it in. */
function forget(memo: EventMemo): void {
  for (let turns = 0; turns < 2; turns++) {
    memo.turn();
    for (const event of OTHERS) memo.remember(event);
  }
  memo.turn(); // the next page begins where this one did
}

test.each([
  ['a plain ledger', {}, []],
  ['a burst', { middleBurst: 6000 }, []],
  ['an old server', {}, ['legacy']],
] as const)('a walk needs no event after it was taken: %s', async (_, shape, faults) => {
  const events = makeHistory({ naras: 1, eventsPerNara: 9000, ...shape }).ledgers[0]!;
  const options = { pageSize: 2000, checkpoints: true };
  const plain = await walk((await startBob([...faults], { events })).url, options);
  const memo = new EventMemo();
  const onPage = (): void => {
    forget(memo);
  };
  const walked = await walk((await startBob([...faults], { events })).url, { ...options, memo, onPage });
  expect(walked.state).toBe('complete');
  expect(walked.lines).toEqual(plain.lines);
  const { requests, repeats, events: given } = walked.report;
  expect({ requests, repeats, given }).toEqual({
    requests: plain.report.requests,
    repeats: plain.report.repeats,
    given: plain.report.events,
  });
});
