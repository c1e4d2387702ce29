import { describe, expect, test } from 'vitest';
import { eventBytes, readEvent, type EventView } from '../../src/event/event-view.ts';
import { signableDigest } from '../../src/event/id.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { formatRtt } from '../../src/event/rtt.ts';
import { scanLine } from '../../src/event/scanner.ts';
import { countVoters, isSigned, verifyEventSignature } from '../../src/event/signature.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { flip, readVectors } from '../fixtures.ts';

interface EventVector {
  note: string;
  line: string;
  content: string;
  computed_id: string;
  id_fits: boolean;
  signed: boolean;
  signable_sha256: string;
  verified: boolean;
}
const { events, keys } = readVectors('events.json') as {
  events: EventVector[];
  keys: { name: string; nara_id: string; public_key: string }[];
};

const ring = new KeyRing();
for (const { name, nara_id, public_key } of keys) ring.add(name, PublicKey.parse(public_key)!, nara_id);

function view(line: string | Buffer): EventView {
  const scanner = scanLine(Buffer.from(line));
  if (scanner === undefined) throw new Error('no JSON');
  return readEvent(scanner);
}

/** Go's verdict: an emitter's signature, and for a checkpoint two voters besides. */
function verdict(event: EventView): boolean {
  const attested = event.payload?.svc !== 'checkpoint' || countVoters(event.payload, ring) >= 2;
  return verifyEventSignature(event, ring) && attested;
}

describe.each(events)('$note', (vector) => {
  const event = view(vector.line);

  test('content, ID, signed digest and verdict are those of the Go code', () => {
    expect(event.content).toBe(vector.content);
    expect(event.computedId).toBe(vector.computed_id);
    expect(event.id === event.computedId).toBe(vector.id_fits);
    expect(signableDigest(event).toString('hex')).toBe(vector.signable_sha256);
    expect(isSigned(event)).toBe(vector.signed);
    expect(verdict(event)).toBe(vector.verified);
    expect(eventBytes(event).toString()).toBe(vector.line);
  });

  test('a changed byte of the ID is a misfit, of the signature no signature', () => {
    if (proveEvent(event).class === 'id') {
      const other = view(vector.line.replace(event.id, flip(event.id).toLowerCase()));
      expect(proveEvent(other)).toEqual({ class: 'misfit' });
    }
    if (vector.verified) {
      expect(verdict(view(vector.line.replace(event.sig, flip(event.sig))))).toBe(false);
      expect(verdict(view(vector.line.replace('"emitter":"alice"', '"emitter":"carol"')))).toBe(false);
    }
  });
});

test('votes: a changed voter signature, and a voter listed twice, count for nothing', () => {
  const { line } = events.find(({ note }) => note === 'unsigned checkpoint version 2, 3 voters')!;
  const votes = (text: string): number => {
    const { payload } = view(text);
    return payload?.svc === 'checkpoint' ? countVoters(payload, ring) : -1;
  };
  const [first, second] = keys.map(({ nara_id }) => nara_id);
  const signature = /"signatures":\["([^"]+)/.exec(line)![1]!;
  expect(votes(line)).toBe(3);
  expect(votes(line.replace(signature, flip(signature)))).toBe(2);
  expect(
    votes(line.replace(`"voter_ids":["${first}","${second}"`, `"voter_ids":["${first}","${first}"`)),
  ).toBe(2);
});

test.each(readVectors('rtt.json') as { json: string; text: string }[])(
  'rtt $json is $text',
  ({ json, text }) => {
    expect(formatRtt(Number(json))).toBe(text);
  },
);

test('rtt: what toFixed does is not good enough', () => {
  const vectors = readVectors('rtt.json') as { json: string; text: string }[];
  expect(vectors.some(({ json, text }) => Number(json).toFixed(1) !== text)).toBe(true);
});

test('nobody teaches a key for another name, however truly signed', () => {
  const [alice, mallory] = ['alice', 'mallory'].map((name) => makeIdentity(name, new Prng(name)));
  const greet = (from: string, signer: SandboxIdentity): KeyRing => {
    const payload = { From: from, PublicKey: signer.publicKey, MeshIP: '', ID: 'id', Signature: '' };
    const learner = new KeyRing();
    learner.learn(view(makeEvent({ tsNs: 1n, svc: 'hey-there', payload, signer }).line));
    return learner;
  };
  const names = (learner: KeyRing): number[] =>
    ['alice', 'mallory'].map((name) => learner.keysOfName(name).length).concat(learner.keysOfId('id').length);
  expect(names(greet('alice', mallory!))).toEqual([0, 0, 0]);
  expect(names(greet('alice', alice!))).toEqual([1, 0, 1]);
  expect(names(greet('mallory', mallory!))).toEqual([0, 1, 1]);
});

test('a flood of keys for one name leaves few to try, the same ones in any order, and the proven one', () => {
  const floods = Array.from({ length: 40 }, (_, at) => {
    const signer = { ...makeIdentity('alice', new Prng(`flood ${at}`)) };
    const payload = { From: 'alice', PublicKey: signer.publicKey, MeshIP: '', ID: '', Signature: '' };
    return view(makeEvent({ tsNs: 1n, svc: 'hey-there', payload, signer }).line);
  });
  const proven = PublicKey.parse(keys[0]!.public_key)!;
  const learnt = (order: readonly EventView[]): string[] => {
    const learner = new KeyRing();
    learner.add('alice', proven);
    for (const event of order) learner.learn(event);
    return learner.keysOfName('alice').map(({ text }) => text);
  };
  expect(learnt(floods)).toHaveLength(17);
  expect(learnt(floods)[0]).toBe(proven.text);
  expect(learnt([...floods].reverse()).sort()).toEqual(learnt(floods).sort());
});

describe('who may teach a key', () => {
  const { line } = events.find(({ note }) => note === 'signed hey-there')!;
  const taught = (text: string, name = 'alice'): number => {
    const learner = new KeyRing();
    learner.learn(view(text));
    return [...learner.keysOfName(name)].length;
  };
  const sig = view(line).sig;

  test('a hey-there signed by its own key and name', () => {
    expect(taught(line)).toBe(1);
    expect(taught(events.find(({ note }) => note === 'signed chau')!.line)).toBe(1);
  });
  test.each([
    ['unsigned', line.replace(/"sig":"[^"]+",/, '')],
    ['with a changed signature', line.replace(sig, flip(sig))],
    ['of another emitter', line.replace('"emitter":"alice"', '"emitter":"bob"')],
    ['with another key', line.replace(keys[0]!.public_key, keys[1]!.public_key)],
    ['without a key', line.replace(keys[0]!.public_key, '')],
  ])('not one %s', (_, text) => {
    expect(text).not.toBe(line);
    expect(taught(text) + taught(text, 'bob')).toBe(0);
  });
});
