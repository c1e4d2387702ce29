import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deriveKeypair } from '../../src/identity/keypair.ts';
import { parseSoul } from '../../src/identity/soul.ts';
import { makeCheckpoint, type CheckpointClaim } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { isObject } from '../../src/sandbox/exact-json.ts';
import { encodeGoJson, type WireObject } from '../../src/sandbox/go-json.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { parseLine } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, readIdentity } from '../../src/sandbox/sandbox-identity.ts';

interface Vector {
  note: string;
  line: string;
  id_fits: boolean;
}
interface SoulVector {
  name: string;
  soul: string;
  bond_valid: boolean;
}

function readVectors(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${file}`, import.meta.url), 'utf8'));
}

const { events } = readVectors('events.json') as { events: Vector[] };
const { souls } = readVectors('souls.json') as { souls: SoulVector[] };
const cast = new Map(
  souls.filter((soul) => soul.bond_valid).map(({ name, soul }) => [name, readIdentity(name, soul)]),
);

/** Not what an honest maker can make: an ID that does not fit, a signature of somebody else, a damaged signature. */
const inexpressible = [
  'signed by one, claims another emitter',
  'timestamp moved by a nanosecond after signing',
  'signature without its padding',
];
const expressible = events.filter(({ note }) => !inexpressible.includes(note));

function remake(line: string): string {
  const { event, wire, payload } = parseLine(line);
  const signer = cast.get(wire['emitter'] as string);
  return makeEvent({
    tsNs: event.tsNs,
    svc: event.svc,
    ...(Object.values(wire).some(isObject) && { payload }),
    withEmitterId: 'emitter_id' in wire,
    ...(signer && { signer }),
  }).line;
}

describe('makeEvent', () => {
  it.each(expressible)('writes what Go wrote: $note', ({ line }) => {
    expect(remake(line)).toBe(line);
  });

  it('covers almost all vectors, and the rest differs', () => {
    expect(expressible.length).toBe(events.length - inexpressible.length);
    for (const { line, note } of events) {
      if (inexpressible.includes(note)) expect(remake(line), note).not.toBe(line);
    }
  });

  it('signs with node:crypto what noble signs', () => {
    const identity = makeIdentity('zoë', new Prng('signer'));
    const noble = deriveKeypair(parseSoul(identity.soul));
    expect(identity.publicKey).toBe(noble.publicKey);
    expect(identity.sign(Buffer.from('message'))).toBe(noble.sign(Buffer.from('message')));
  });
});

describe('makeCheckpoint', () => {
  const checkpoints = expressible.filter(({ line }) => line.includes('"voter_ids"'));

  function claimOf(payload: WireObject): CheckpointClaim {
    const observation = payload['observation'] as WireObject;
    const previous = payload['previous_checkpoint_id'];
    return {
      version: Number(payload['version']),
      subject: payload['subject'] as string,
      subjectId: payload['subject_id'] as string,
      ...(previous !== undefined && { previousCheckpointId: previous as string }),
      restarts: Number(observation['restarts']),
      totalUptime: Number(observation['total_uptime']),
      startTime: Number(observation['start_time']),
      asOfTime: Number(payload['as_of_time']),
      round: Number(payload['round']),
    };
  }

  it.each(checkpoints)('signs as the voters did: $note', ({ line }) => {
    const { payload } = parseLine(line);
    const byId = new Map([...cast.values()].map((voter) => [voter.naraId, voter]));
    const voters = (payload['voter_ids'] as string[]).map((id) => byId.get(id)!);
    expect(encodeGoJson(makeCheckpoint(claimOf(payload), voters))).toBe(encodeGoJson(payload));
    // The twin: another claim gives other signatures.
    const other = makeCheckpoint({ ...claimOf(payload), restarts: 13 }, voters);
    expect(other['signatures']).not.toEqual(payload['signatures']);
  });
});
