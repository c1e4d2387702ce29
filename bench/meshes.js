/**
 * The meshes that the peer server plays. Their events are the sandbox's own: all seven services, right IDs, about half
 * of them signed, each signature a real one (greetings and checkpoints always have theirs).
 */
import { EventWriter } from '../dist/sandbox/event-writer.js';
import { Prng } from '../dist/sandbox/prng.js';
import { makeIdentity } from '../dist/sandbox/sandbox-identity.js';

const CAST = 50;
const SHARED = 0.95;
const START_NS = 1_767_225_600_000_000_000n; // 2026-01-01
const STEP_NS = 2_000_000_000n;

/** Each maker resolves names of meshes to the ledgers of their peers: lists of sandbox events, oldest first. */
const MAKERS = { shared: makeShared, dealt: makeDealt, burst: makeBurst };

/** `[maker, ...its arguments]`, as a row of the table has it. */
export function makeMeshes([maker, ...args]) {
  return MAKERS[maker](...args);
}

/** Peers of so many events each: 95 % of those are the same on all of them. No two events have the same `ts`. */
function makeShared(peers, events) {
  const prng = new Prng('shared');
  const shared = Math.round(events * SHARED);
  // Who holds the next event: a peer alone, or (-1) all of them.
  const holders = prng.sample(
    [
      ...Array(shared).fill(-1),
      ...Array.from({ length: (events - shared) * peers }, (_, index) => index % peers),
    ],
    shared + (events - shared) * peers,
  );
  const write = eventSource(prng);
  const ledgers = Array.from({ length: peers }, () => []);
  for (const [index, holder] of holders.entries()) {
    const event = write(timeAt(index));
    if (holder === -1) for (const ledger of ledgers) ledger.push(event);
    else ledgers[holder].push(event);
  }
  return { all: ledgers };
}

/**
 * The same copies of the same events twice: in a few ledgers, and dealt out from each of those to many more, in turn, so
 * that each of the many spans the whole time, as ledgers do.
 */
function makeDealt(few, events, shares) {
  const { all } = makeShared(few, events);
  const many = all.flatMap((ledger) =>
    Array.from({ length: shares }, (_, share) => ledger.filter((_event, index) => index % shares === share)),
  );
  return { few: all, many };
}

/** One peer whose events bear one `ts`, and one with as many of different `ts`; of one service, or of all. */
function makeBurst(events, service) {
  const prng = new Prng('burst');
  const write = eventSource(prng, service);
  return {
    burst: [Array.from({ length: events }, () => write(START_NS))],
    spread: [Array.from({ length: events }, (_, index) => write(timeAt(index)))],
  };
}

function timeAt(index) {
  return START_NS + BigInt(index) * STEP_NS;
}

/** Writes events, of the service alone where one is given. */
function eventSource(prng, service) {
  const cast = Array.from({ length: CAST }, (_, index) => makeIdentity(`cast-${index + 1}`, prng));
  const writer = new EventWriter(prng, cast);
  return (tsNs) => {
    let event = writer.write(tsNs);
    while (service !== undefined && event.svc !== service) event = writer.write(tsNs);
    // A string that was put together keeps its parts until somebody reads it as a whole: ten times the memory.
    return { ...event, line: Buffer.from(event.line).toString() };
  };
}
