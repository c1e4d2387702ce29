import { describe, expect, test } from 'vitest';
import { KeyRing } from '../../src/event/keyring.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { emptyTally, merge } from '../../src/merge/merge.ts';
import type { Run } from '../../src/merge/run.ts';
import type { Copy } from '../../src/merge/copies.ts';
import { variantTest } from '../../src/merge/variant.ts';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
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

async function best(...runs: Run[]): Promise<{ line: string; better: number; variants: number }> {
  const tally = emptyTally();
  const lines = linesOf(await drain(merge(runs, { pool: new RunPool(), keys, tally })));
  expect(lines).toHaveLength(1);
  expect(tally.given).toBe(tally.written + tally.duplicate);
  return { line: lines[0]!, better: tally.better, variants: tally.variants };
}

function checkpoint(...voters: (typeof alice)[]): string {
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
