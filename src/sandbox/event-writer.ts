import { makeCheckpoint } from './checkpoint-maker.ts';
import { makeEvent } from './event-maker.ts';
import type { WireObject } from './go-json.ts';
import type { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import type { SandboxIdentity } from './sandbox-identity.ts';
import type { Service } from '../event/payload.ts';

/** Out of 100 events; a real ledger is mostly pings and observations. */
const SHARES: Readonly<Record<Service, number>> = {
  ping: 28,
  observation: 28,
  social: 16,
  seen: 14,
  'hey-there': 5,
  chau: 5,
  checkpoint: 4,
};
const SERVICES = Object.entries(SHARES).flatMap(([svc, share]) => Array<Service>(share).fill(svc as Service));

/** With what Go escapes, what is not ASCII, and one `:` that makes the content string ambiguous. */
const REASONS = [
  'high-restarts',
  'random',
  'comeback',
  'trend-abandon',
  'a<b>&c',
  'naïve café, 漢字 🌸',
  'a "quoted" \\ backslash,\ta tab, a\u2028separator',
  'from:to',
  undefined,
];

/** Writes random events of a cast of naras, no two with the same ID. */
export class EventWriter {
  readonly #prng: Prng;
  readonly #cast: readonly SandboxIdentity[];
  readonly #ids = new Set<string>();
  readonly #lastCheckpointIds = new Map<string, string>();

  constructor(prng: Prng, cast: readonly SandboxIdentity[]) {
    this.#prng = prng;
    this.#cast = cast;
  }

  write(tsNs: bigint): SandboxEvent {
    for (;;) {
      const event = this.#draft(this.#prng.pick(SERVICES), tsNs);
      // Only events of one ts can say the same; another draft says something else.
      if (this.#ids.has(event.id)) continue;
      this.#ids.add(event.id);
      return event;
    }
  }

  #draft(svc: Service, tsNs: bigint): SandboxEvent {
    const [actor, other, witness] = this.#prng.sample(this.#cast, 3) as [
      SandboxIdentity,
      SandboxIdentity,
      SandboxIdentity,
    ];
    // A hey-there is always signed: it is what teaches the keys. Checkpoints are signed by their voters.
    const isSigned = svc === 'hey-there' || (svc !== 'checkpoint' && this.#prng.chance(0.5));
    const payload =
      svc === 'checkpoint' ? this.#checkpoint(other, tsNs) : this.#payload(svc, actor, other, witness);
    const event = makeEvent({
      tsNs,
      svc,
      payload,
      withEmitterId: this.#prng.chance(0.5),
      ...(isSigned && { signer: actor }),
    });
    if (svc === 'checkpoint') this.#lastCheckpointIds.set(other.name, event.id);
    return event;
  }

  #payload(
    svc: Exclude<Service, 'checkpoint'>,
    actor: SandboxIdentity,
    other: SandboxIdentity,
    witness: SandboxIdentity,
  ): WireObject {
    const prng = this.#prng;
    const observed = {
      observer: actor.name,
      observer_id: actor.naraId,
      subject: other.name,
      subject_id: other.naraId,
    };
    const meshIp = `100.64.0.${this.#cast.indexOf(actor) % 256}`;
    switch (svc) {
      case 'ping':
        return {
          observer: actor.name,
          observer_id: actor.naraId,
          target: other.name,
          target_id: other.naraId,
          rtt: prng.integer(1, 80_000) / 400, // holds quarters: ties of the rounding to one decimal
        };
      case 'observation':
        return { ...observed, ...this.#observation() };
      case 'social':
        return {
          type: prng.pick(['tease', 'observed', 'gossip', 'observation', 'service']),
          actor: actor.name,
          actor_id: actor.naraId,
          target: other.name,
          target_id: other.naraId,
          reason: prng.pick(REASONS),
          witness: prng.chance(0.3) ? witness.name : undefined,
        };
      case 'seen':
        return { ...observed, via: prng.pick(['mesh', 'ping', 'zine', 'mqtt']) };
      case 'hey-there': {
        const claim = `hey_there:${actor.name}:${actor.publicKey}:${meshIp}`;
        const signature = actor.sign(Buffer.from(claim));
        const { name: From, publicKey: PublicKey, naraId: ID } = actor;
        return { From, PublicKey, MeshIP: meshIp, ID, Signature: signature };
      }
      case 'chau':
        return { From: actor.name, PublicKey: actor.publicKey, ID: actor.naraId, Signature: '' };
    }
  }

  #observation(): WireObject {
    const prng = this.#prng;
    const startTime = prng.integer(1_650_000_000, 1_760_000_000);
    switch (prng.pick(['restart', 'first-seen', 'status-change'] as const)) {
      case 'restart':
        return {
          type: 'restart',
          importance: 3,
          is_backfill: prng.chance(0.2) || undefined,
          start_time: startTime,
          restart_num: prng.integer(1, 3000),
          last_restart: startTime + prng.integer(0, 5_000_000),
          observer_uptime: prng.integer(1, 9_000_000),
        };
      case 'first-seen':
        return { type: 'first-seen', importance: 3, start_time: startTime };
      case 'status-change':
        return {
          type: 'status-change',
          importance: 2,
          online_state: prng.pick(['ONLINE', 'OFFLINE', 'MISSING']),
          cluster_name: prng.pick(['barrio', 'plaza', 'café', undefined]),
          observer_uptime: prng.integer(1, 9_000_000),
        };
    }
  }

  #checkpoint(subject: SandboxIdentity, tsNs: bigint): WireObject {
    const prng = this.#prng;
    const version = prng.pick([1, 2]);
    const previous = this.#lastCheckpointIds.get(subject.name) ?? '';
    const claim = {
      version,
      subject: subject.name,
      subjectId: subject.naraId,
      ...(version >= 2 && previous !== '' && { previousCheckpointId: previous }),
      restarts: prng.integer(1, 3000),
      totalUptime: prng.integer(1, 90_000_000),
      startTime: prng.integer(1_650_000_000, 1_760_000_000),
      asOfTime: Number(tsNs / 1_000_000_000n),
      round: prng.integer(1, 3),
    };
    return makeCheckpoint(claim, prng.sample(this.#cast, prng.integer(2, 3)));
  }
}
