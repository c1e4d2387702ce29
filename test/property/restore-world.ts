import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { EventWriter } from '../../src/sandbox/event-writer.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import type { Neighbour } from '../../src/sandbox/neighbourhood.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { makePoison } from './restore-poison.ts';

/** What fast-check chooses of a world; all else comes from the seed. */
export interface WorldShape {
  readonly seed: number;
  /** Names, the target's among them: the fewer, the sooner they meet the ledger's limits. */
  readonly names: number;
  readonly events: number;
  /** The share of the history that the target holds. */
  readonly held: number;
  /** How much poison of each kind. */
  readonly poison: number;
  /** What the target knows of each name but its own, in turn. */
  readonly presence: readonly Presence[];
  /** So many restarts of one pair: of those a ledger keeps as many as there are. */
  readonly restarts: number;
  /** So many status changes of one pair. */
  readonly statuses: number;
  readonly checkpoints: boolean;
}

/** `stranger`: the target does not list the name. The others are offline: what a clean-up spares, and why. */
export type Presence = 'online' | 'stranger' | 'quiet' | 'young' | 'old';

export interface World {
  /** The first one is the target. */
  readonly cast: readonly SandboxIdentity[];
  /** Of two other naras: what a dump fetches. */
  readonly ledgers: readonly (readonly SandboxEvent[])[];
  /** What somebody wrote into the backup besides. */
  readonly extra: readonly string[];
  readonly held: readonly SandboxEvent[];
  readonly neighbours: readonly Neighbour[];
  /** The target's. */
  readonly knownKeys: ReadonlyMap<string, string>;
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'ghost'];
const SECOND_NS = 1_000_000_000n;
const HOUR = 3600;
const DAY = 24 * HOUR;

export function makeWorld(shape: WorldShape): World {
  const prng = new Prng(`restore ${shape.seed}`);
  const cast = NAMES.slice(0, shape.names).map((name) => makeIdentity(name, prng));
  const mallory = makeIdentity('mallory', prng);
  const nowS = Math.floor(Date.now() / 1000);
  const history = writeHistory(cast, shape, nowS, prng);
  const poison = history.length === 0 ? [] : makePoison(history, cast, mallory, shape.poison, nowS, prng);

  const parts = shuffle([...history, ...poison], prng);
  const ledgers = [0.6, 0.8].map((share) => parts.filter(() => prng.chance(share)));
  const others = cast.slice(1);
  const isHeld = (event: SandboxEvent): boolean => event.svc !== 'chau' || prng.chance(0.5);
  return {
    cast,
    ledgers,
    extra: [...poison, ...history.filter(() => prng.chance(0.1))]
      .map(({ line }) => line)
      .concat('', '{"id":', 'no JSON'),
    held: history.filter((event) => prng.chance(shape.held) && isHeld(event)),
    neighbours: others.flatMap(({ name }, at) => neighbour(name, shape.presence[at] ?? 'stranger', nowS)),
    knownKeys: new Map(others.filter(() => prng.chance(0.5)).map(({ name, publicKey }) => [name, publicKey])),
  };
}

/** None of these times is near one that a clean-up asks for. */
function neighbour(name: string, presence: Presence, nowS: number): Neighbour[] {
  switch (presence) {
    case 'online':
      return [{ name, isOnline: true, startTime: nowS - 10 * DAY, lastSeen: nowS - 60 }];
    case 'stranger':
      return [];
    case 'quiet':
      return [{ name, startTime: nowS - 10 * DAY, lastSeen: nowS - 3 * DAY }];
    case 'young':
      return [{ name, startTime: nowS - DAY, lastSeen: nowS - HOUR }];
    case 'old':
      return [{ name, startTime: nowS - 60 * DAY, lastSeen: nowS - 40 * DAY }];
  }
}

/** Two months of it, often several events at once; a few are from the last two minutes. */
function writeHistory(
  cast: readonly SandboxIdentity[],
  { events, restarts, statuses, checkpoints }: WorldShape,
  nowS: number,
  prng: Prng,
): SandboxEvent[] {
  const writer = new EventWriter(prng, cast);
  let agoS = 60 * DAY;
  const written = Array.from({ length: events }, (_, at) => {
    if (!prng.chance(0.3)) agoS = prng.integer(HOUR, 60 * DAY);
    return writer.write(BigInt(nowS - (at % 40 === 7 ? prng.integer(1, 120) : agoS)) * SECOND_NS);
  });
  const [, observer, subject] = cast as [SandboxIdentity, SandboxIdentity, SandboxIdentity];
  const observe = (about: string, payload: WireObject): SandboxEvent =>
    makeEvent({
      tsNs: BigInt(nowS - prng.integer(HOUR, DAY)) * SECOND_NS,
      svc: 'observation',
      payload: { observer: observer.name, subject: `${subject.name} ${about}`, ...payload },
    });
  const more = [
    ...Array.from({ length: restarts }, (_, at) =>
      observe('the restless', {
        type: 'restart',
        importance: 3,
        start_time: 1_700_000_000,
        restart_num: at + 1,
      }),
    ),
    ...Array.from({ length: statuses }, (_, at) =>
      observe(prng.pick(['the restless', 'the fickle']), {
        type: 'status-change',
        importance: 2,
        start_time: at, // so that no two are the same
        online_state: prng.pick(['ONLINE', 'OFFLINE']),
      }),
    ),
  ];
  const claim = { restarts: 1, totalUptime: 1, startTime: 1, asOfTime: nowS, round: 1 };
  const of = { version: 1, subject: `${subject.name} the restless`, subjectId: '' };
  if (restarts > 0 && prng.chance(0.5)) {
    const payload = makeCheckpoint({ ...of, ...claim }, []);
    more.push(makeEvent({ tsNs: BigInt(nowS - DAY) * SECOND_NS, svc: 'checkpoint', payload }));
  }
  return [...written, ...more].filter(({ svc }) => checkpoints || svc !== 'checkpoint');
}

function shuffle<T>(list: readonly T[], prng: Prng): T[] {
  return prng.sample(list, list.length);
}
