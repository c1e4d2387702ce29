import { describe, expect, test } from 'vitest';
import type { EventView } from '../../src/event/event-view.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { emptyTally, merge } from '../../src/merge/merge.ts';
import type { Run } from '../../src/merge/run.ts';
import type { Copy } from '../../src/merge/copies.ts';
import { variantTest } from '../../src/merge/variant.ts';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent, type Signer } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { RunPool } from '../../src/merge/run-pool.ts';
import { drain, linesOf, runsOf, viewOf } from './events.ts';

const prng = new Prng('best copy');
const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => makeIdentity(name, prng)) as [
  ReturnType<typeof makeIdentity>,
  ReturnType<typeof makeIdentity>,
  ReturnType<typeof makeIdentity>,
];
const keys = new KeyRing();
for (const { name, publicKey, naraId } of [alice, bob, carol])
  keys.add(name, PublicKey.parse(publicKey)!, naraId);

const tsNs = 1_768_800_000_000_000_001n;
const parts = { tsNs, svc: 'seen', payload: { observer: 'alice', subject: 'bob', via: 'zine' } } as const;
const unsigned = makeEvent(parts).line;
const own = makeEvent({ ...parts, signer: alice }).line;
const foreign = makeEvent({ ...parts, signer: bob }).line;
const falsely = own.replace(/"sig":"../, '"sig":"xx');
const withUnknownKey = unsigned.replace(/}$/, ',"x":1}');

/** Nobody knows their keys. */
const [dave, erin] = ['dave', 'erin'].map((name) => makeIdentity(name, prng)) as [typeof alice, typeof alice];
const ofDave = { ...parts, payload: { ...parts.payload, observer: 'dave' } };

interface Best {
  line: string;
  better: number;
  variants: number;
}

function best(...runs: Run[]): Promise<Best> {
  return bestWith(keys, ...runs);
}

async function bestWith(keys: KeyRing, ...runs: Run[]): Promise<Best> {
  const tally = emptyTally();
  const lines = linesOf(await drain(merge(runs, { pool: new RunPool(), keys, tally })));
  expect(lines).toHaveLength(1);
  expect(tally.given).toBe(tally.written + tally.duplicate);
  return { line: lines[0]!, better: tally.better, variants: tally.variants };
}

function checkpoint(...voters: Signer[]): string {
  const claim = {
    version: 2,
    subject: 'bob',
    subjectId: bob.naraId,
    previousCheckpointId: 'a'.repeat(32),
    restarts: 3,
    totalUptime: 4,
    startTime: 5,
    asOfTime: 6,
    round: 1,
  };
  return makeEvent({ tsNs, svc: 'checkpoint', payload: makeCheckpoint(claim, voters) }).line;
}

describe('of two copies the better one is written, whoever holds it', () => {
  const two = checkpoint(alice, bob);
  const three = checkpoint(alice, bob, carol);
  const forgedThird = three.replace(/"([^"]{20})[^"]{4}([^"]+==)"\]/, '"$1AAAA$2"]');

  test.each<[string, string, string]>([
    ["signed by the content's own actor, over signed by another", own, foreign],
    ['signed by another, over unsigned', foreign, unsigned],
    ['signed, over falsely signed', own, falsely],
    ['three voters over two', three, two],
    [
      'two voters over three of whom one is forged and one is left out',
      two,
      forgedThird.replace(alice.naraId, 'x'),
    ],
    ['without keys that nobody knows', unsigned, withUnknownKey],
  ])('%s', async (_, better, worse) => {
    expect((await best(...runsOf([better]), ...runsOf([worse]))).line).toBe(better);
    expect((await best(...runsOf([worse]), ...runsOf([better]))).line).toBe(better);
    expect((await best(...runsOf([worse, better]))).line).toBe(better);
  });

  test('a false signature is worth no more than none: more distinct keys decide', async () => {
    const many = [...runsOf([unsigned], { holder: 'k1' }), ...runsOf([unsigned], { holder: 'k2' })];
    expect((await best(...runsOf([falsely], { holder: 'k3' }), ...many)).line).toBe(unsigned);
    const same = [...runsOf([unsigned], { holder: 'k1' }), ...runsOf([unsigned], { holder: 'k1' })];
    const two = [...runsOf([falsely], { holder: 'k2' }), ...runsOf([falsely], { holder: 'k3' })];
    expect((await best(...same, ...two)).line).toBe(falsely);
  });

  test('a signature of a key that nobody knows is worth more than none, whoever holds that, and less than a true one', async () => {
    const [byActor, byOther] = [
      makeEvent({ ...ofDave, signer: dave }).line,
      makeEvent({ ...ofDave, signer: erin }).line,
    ];
    const bare = makeEvent(ofDave).line;
    const vouched = makeEvent({ ...ofDave, signer: bob }).line;
    const order = [vouched, byActor, byOther, bare];
    for (const [at, better] of order.entries()) {
      for (const worse of order.slice(at + 1)) {
        const held = ['k1', 'k2'].flatMap((holder) => [...runsOf([worse], { holder })]);
        expect((await best(...runsOf([better]), ...held)).line).toBe(better);
        expect((await best(...held, ...runsOf([better]))).line).toBe(better);
      }
    }
    const withUnknown = byActor.replace(/}$/, ',"x":1}');
    expect((await best(...runsOf([bare]), ...runsOf([withUnknown]))).line).toBe(withUnknown);
  });

  test('so with voters; where some verify, more whom nobody knows are worth nothing', async () => {
    const [unknown, bare, known] = [checkpoint(dave), checkpoint(), checkpoint(alice)];
    const held = (line: string): Run[] => ['k1', 'k2'].flatMap((holder) => [...runsOf([line], { holder })]);
    expect((await best(...runsOf([unknown]), ...held(bare))).line).toBe(unknown);
    const bySubject = bare.replace(/}$/, `,"emitter":"bob","sig":"${bob.sign(Buffer.from(''))}"}`);
    const nobody = new KeyRing();
    expect((await bestWith(nobody, ...runsOf([bySubject]), ...held(bare))).line).toBe(bySubject);
    expect((await bestWith(nobody, ...runsOf([unknown]), ...held(bySubject))).line).toBe(unknown);
    expect((await best(...runsOf([known]), ...held(unknown))).line).toBe(known);
    const added = checkpoint(alice, dave);
    expect((await best(...runsOf([added]), ...held(known))).line).toBe(known);
    expect((await best(...runsOf([known]), ...held(added))).line).toBe(added);
  });

  test('a voter of whom the operator vouches for another key is worth no more than none', async () => {
    const ring = new KeyRing();
    ring.pin('dave', PublicKey.parse(erin.publicKey)!, dave.naraId);
    const held = ['k1', 'k2'].flatMap((holder) => [...runsOf([checkpoint()], { holder })]);
    expect((await bestWith(ring, ...runsOf([checkpoint(dave)]), ...held)).line).toBe(checkpoint());
  });

  test('where several keys are known of a name or ID, none of them verifies more than an unknown one', async () => {
    const greeting = (who: typeof alice, name: string, ID: string): EventView => {
      const payload = { From: name, PublicKey: who.publicKey, MeshIP: '', ID, Signature: '' };
      return viewOf(makeEvent({ tsNs, svc: 'hey-there', payload, signer: { ...who, name } }).line);
    };
    const ring = new KeyRing();
    ring.learn(greeting(dave, 'dave', dave.naraId));
    const [truly, forged] = [dave, erin].map(
      (who) => makeEvent({ ...ofDave, signer: { ...who, name: 'dave' } }).line,
    ) as [string, string];
    const [trulyVoted, falselyVoted] = [checkpoint(dave), checkpoint({ ...erin, naraId: dave.naraId })];
    const damaged = truly.replace(/"sig":"../, '"sig":"xx');
    const both = async (a: string, b: string): Promise<string[]> => {
      const [ofA, ofB] = [a, b].map((line) => runsOf([line], { holder: 'k1' })) as [Run[], Run[]];
      const [moreA, moreB] = [a, b].map((line) => runsOf([line], { holder: 'k2' })) as [Run[], Run[]];
      return [
        (await bestWith(ring, ...ofA, ...moreA, ...ofB)).line,
        (await bestWith(ring, ...ofA, ...ofB, ...moreB)).line,
      ];
    };
    expect(await both(truly, forged)).toEqual([truly, truly]);
    expect(await both(trulyVoted, falselyVoted)).toEqual([trulyVoted, trulyVoted]);
    ring.learn(greeting(erin, 'dave', dave.naraId));
    expect(await both(truly, forged)).toEqual([truly, forged]);
    expect(await both(trulyVoted, falselyVoted)).toEqual([trulyVoted, falselyVoted]);
    expect(await both(truly, makeEvent(ofDave).line)).toEqual([truly, truly]);
    expect(await both(truly, damaged)).toEqual([truly, truly]);
    for (let at = 0; at < 16; at++) ring.learn(greeting(makeIdentity('dave', prng), 'dave', ''));
    expect(await both(truly, damaged)).toEqual([truly, damaged]);
    ring.pin('dave', PublicKey.parse(dave.publicKey)!, dave.naraId);
    expect(await both(truly, forged)).toEqual([truly, truly]);
    expect(await both(trulyVoted, falselyVoted)).toEqual([trulyVoted, trulyVoted]);
  });

  test('at last the smaller bytes decide', async () => {
    const [a, b] = ['x', 'y'].map((reason) => unsigned.replace('"via"', `"observer_id":"${reason}","via"`));
    expect((await best(...runsOf([b!]), ...runsOf([a!]))).line).toBe(a);
  });
});

describe('what the loser says decides whether it is a variant', () => {
  test.each([
    ['a lost signature', unsigned, own, false],
    ['a lost emitter ID', own, makeEvent({ ...parts, signer: alice, withEmitterId: true }).line, false],
    ['lost voters', checkpoint(), checkpoint(alice, bob), false],
    ['another signature', falsely, own, true],
    ['another emitter', foreign, own, true],
    ['an unknown key', withUnknownKey, own, true],
    ['other blanks', own.replace('{"id"', '{ "id"'), own, true],
    ['fewer voters', checkpoint(alice), checkpoint(alice, bob), true],
  ])('%s', (_, loser, winner, expected) => {
    expect(variantTest(viewOf(winner))(viewOf(loser))).toBe(expected);
  });

  test('variants are counted and told, with who gave them', async () => {
    const told: string[] = [];
    const tally = emptyTally();
    const runs = [...runsOf([own]), ...runsOf([falsely], { label: 'mallory' }), ...runsOf([unsigned])];
    const options = {
      pool: new RunPool(),
      keys,
      tally,
      onVariant: (loser: Copy) => void told.push(...Array.from(loser.origins, ({ label }) => label)),
    };
    await drain(merge(runs, options));
    expect(told).toEqual(['mallory']);
    expect(tally).toMatchObject({ given: 3, written: 1, duplicate: 2, better: 1, variants: 1 });
  });
});
