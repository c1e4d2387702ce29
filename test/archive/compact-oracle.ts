import { KeyRing } from '../../src/event/keyring.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { actorOf, countVoters, verifyEventSignature } from '../../src/event/signature.ts';
import { readLine, type EventView } from '../../src/event/event-view.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { makeHostileEvent } from '../../src/sandbox/hostile-events.ts';

const [ledger] = makeHistory({ naras: 3, eventsPerNara: 60, pageSize: 20 }).ledgers;

/** A history's lines in all spellings that copies come in, and what may not stand in a backup. */
export const POOL_LINES: readonly string[] = ledger!.flatMap((event, at) => {
  const { line } = event;
  const voterless = line.replace(/,"voter_ids":\[[^\]]*\],"signatures":\[[^\]]*\]/, '');
  return [
    line,
    line.replaceAll(/,"(?:emitter|emitter_id|sig)":"(?:[^"\\]|\\.)*"/g, ''),
    line.replace(/^\{/, '{"x":1,'),
    ...(at % 3 === 0
      ? [line.replace(/"sig":"../, '"sig":"AA'), line.replace(/"emitter":"/, '"emitter":"no')]
      : []),
    ...(voterless === line ? [] : [voterless]),
    ...(at % 5 === 0 ? [line.replace(/"svc":"[^"]*"/, '"svc":"newer"')] : []),
    ...(at % 7 === 0 ? [line.replace(/"ts":(\d+)\d/, '"ts":$13')] : []),
    ...(at % 9 === 0 ? [makeHostileEvent(event, at / 9).line.replaceAll('\n', ' ')] : []),
    ...(at % 11 === 0 ? [line.slice(0, 30 + at), `${line}${line}`, 'nothing of ours'] : []),
  ];
});

/** What lines are, one by one. */
export interface Sorted {
  /** What may stand in a backup. */
  readonly good: readonly EventView[];
  /** What may not, but for blank lines. */
  readonly bad: readonly string[];
}

export function sortOut(lines: readonly string[]): Sorted {
  const good: EventView[] = [];
  const bad: string[] = [];
  for (const text of lines) {
    if (text.trim() === '') continue;
    const event = readLine(Buffer.from(text));
    const proof = event && proveEvent(event).class;
    if (event !== undefined && (proof === 'id' || proof === 'unknown-service')) good.push(event);
    else bad.push(text);
  }
  return { good, bad };
}

/** A compaction once more, with everything in one map. */
export function naiveCompact(lines: readonly string[]): string[] {
  const { good } = sortOut(lines);
  const keys = new KeyRing();
  for (const event of good) keys.learn(event);
  const best = new Map<string, EventView>();
  for (const event of good) {
    const key = identify(event);
    const rival = best.get(key);
    if (rival === undefined || isBetter(event, rival, keys)) best.set(key, event);
  }
  return [...best.values()]
    .sort((a, b) => (a.tsNs === b.tsNs ? compareTies(a, b) : a.tsNs < b.tsNs ? -1 : 1))
    .map(textOf);
}

/** What an event is known by: its ID where that fits, else its bytes. */
export function identify(event: EventView): string {
  return proveEvent(event).class === 'id' ? `id ${event.id}` : `bytes ${textOf(event)}`;
}

function compareTies(a: EventView, b: EventView): number {
  const order = (event: EventView): string =>
    `${event.id} ${proveEvent(event).class === 'id' ? 0 : 1} ${textOf(event)}`;
  return Buffer.compare(Buffer.from(order(a)), Buffer.from(order(b)));
}

function isBetter(a: EventView, b: EventView, keys: KeyRing): boolean {
  const merits = (event: EventView): number[] => {
    const { payload } = event;
    const isByActor = payload !== undefined && actorOf(payload) === event.emitter;
    const isSigned = verifyEventSignature(event, keys) && !keys.isContested(event.emitter);
    const isOwn = isSigned && isByActor;
    const isOpen = event.emitter !== '' && event.sig !== '' && keys.keysOfName(event.emitter).length === 0;
    const isCheckpoint = payload?.svc === 'checkpoint';
    const voters = isCheckpoint ? countVoters(payload, keys) : 0;
    const open = isOpen ? (isByActor && !isCheckpoint ? 2 : 1) : 0;
    const openOfVoters = isCheckpoint && payload.signatures.length > 0 ? 2 : open;
    return [
      Number(isOwn),
      Number(isSigned),
      voters,
      voters > 0 ? 0 : openOfVoters,
      Number(!event.hasUnknownKey),
    ];
  };
  const [ofA, ofB] = [merits(a), merits(b)];
  const at = ofA.findIndex((merit, index) => merit !== ofB[index]);
  return at === -1 ? Buffer.compare(Buffer.from(textOf(a)), Buffer.from(textOf(b))) < 0 : ofA[at]! > ofB[at]!;
}

export function textOf({ source, start, end }: EventView): string {
  return source.toString('utf8', start, end);
}
