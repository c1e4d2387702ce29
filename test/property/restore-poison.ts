import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import { HOSTILE_KINDS, makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import type { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import type { SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';

const SECOND_NS = 1_000_000_000n;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** All that must not reach a target, or not like this. */
export function makePoison(
  history: readonly SandboxEvent[],
  cast: readonly SandboxIdentity[],
  mallory: SandboxIdentity,
  amount: number,
  nowS: number,
  prng: Prng,
): SandboxEvent[] {
  const ts = (): bigint => BigInt(nowS - prng.integer(HOUR, 60 * DAY)) * SECOND_NS;
  const others = cast.slice(1);
  const make = (svc: string, payload: WireObject, signer?: SandboxIdentity, tsNs = ts()): SandboxEvent =>
    makeEvent({ tsNs, svc, payload, ...(signer && { signer }) });
  const hello = (who: SandboxIdentity, key: string, signer?: SandboxIdentity): SandboxEvent =>
    make(
      'hey-there',
      { From: who.name, PublicKey: key, MeshIP: '100.64.9.9', ID: '', Signature: '' },
      signer,
    );
  const social = { type: 'tease', actor: 'bob', target: 'carol' };
  const observation = {
    observer: 'bob',
    subject: 'carol',
    type: 'restart',
    importance: 3,
    start_time: 1,
    restart_num: 1,
  };
  const kinds: (() => SandboxEvent)[] = [
    () => makeHostileEvent(prng.pick(history), prng.integer(0, HOSTILE_KINDS.length - 1)),
    () => withId(prng.pick(history), prng.bytes(16).toString('hex')),
    () => withId(prng.pick(history), prng.pick(history).id),
    () => stripped(prng.pick(history)),
    () => make('dream', { dreamer: 'bob', about: prng.integer(0, 99) }),
    () => make('social', { ...social, type: 'hug' }),
    () => make('social', { ...social, target: '' }),
    () => make('social', social, undefined, 0n),
    () => make('ping', { observer: 'bob', target: 'carol', rtt: prng.pick([0, -1.5]) }),
    () => make('observation', { ...observation, importance: prng.pick([0, 4]) }),
    () => make('observation', { ...observation, start_time: 0 }),
    () => make('observation', { ...observation, type: 'status-change', online_state: 'NAPPING' }),
    () => make('seen', { observer: 'bob', subject: 'carol', via: '' }),
    () => make('checkpoint', { version: 1, subject: 'r2d2', as_of_time: 1_700_000_000, round: 1 }),
    () =>
      make('checkpoint', {
        version: 1,
        subject: 'bob',
        as_of_time: 1_770_000_000,
        voter_ids: ['x'],
        round: 1,
      }),
    () =>
      make(
        'ping',
        { observer: 'bob', target: 'carol', rtt: 1 },
        undefined,
        9_000_000_000_000_000_000n - BigInt(prng.integer(0, 99)),
      ),
    () =>
      make(
        'seen',
        { observer: 'bob', subject: 'carol', via: 'x' },
        undefined,
        BigInt(nowS + DAY) * SECOND_NS,
      ),
    () => hello(prng.pick(others), mallory.publicKey),
    () => hello(prng.pick(others), mallory.publicKey, mallory),
    () => hello(mallory, mallory.publicKey, mallory),
    () => hello(prng.pick(others), '', prng.pick(others)),
  ];
  const forged = (): SandboxEvent => {
    const who = prng.pick(others);
    return hello(who, mallory.publicKey, { ...mallory, name: who.name });
  };
  return [
    ...Array.from({ length: amount }, () => kinds.map((kind) => kind())).flat(),
    ...(amount > 0 && prng.chance(0.4) ? [forged()] : []),
  ];
}

/** The same under another ID. */
function withId(event: SandboxEvent, id: string): SandboxEvent {
  return { ...event, id, line: event.line.replace(event.id, id) };
}

/** Another copy of the same. */
function stripped(event: SandboxEvent): SandboxEvent {
  return { ...event, line: event.line.replaceAll(/,"(?:emitter|emitter_id|sig)":"[^"\\]*"/g, '') };
}
