import { describe, expect, test } from 'vitest';
import { parseKeyList } from '../../src/event/key-list.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { viewOf } from '../merge/events.ts';

const BOB = makeIdentity('bob', new Prng('bob'));
const MALLORY = makeIdentity('mallory', new Prng('mallory'));
const keyOf = ({ publicKey }: SandboxIdentity): PublicKey => PublicKey.parse(publicKey)!;

const GREETING = { tsNs: 5n, svc: 'hey-there' };
const greetingOf = ({ name, publicKey }: SandboxIdentity, ID: string): WireObject => ({
  From: name,
  PublicKey: publicKey,
  MeshIP: '',
  ID,
  Signature: '',
});

/** Says, truly signed, that a name has this one's key. */
function greet(ring: KeyRing, who: SandboxIdentity, name = who.name): void {
  const signer = { ...who, name };
  ring.learn(viewOf(makeEvent({ ...GREETING, payload: greetingOf(signer, `id of ${name}`), signer }).line));
}

const texts = (keys: readonly PublicKey[]): string[] => keys.map(({ text }) => text).sort();

test('a name with two keys is contested, and so is its ID, until one is pinned', () => {
  const ring = new KeyRing();
  greet(ring, BOB);
  expect(ring.isContested('bob')).toBe(false);
  greet(ring, MALLORY, 'bob');
  expect(texts(ring.keysOfName('bob'))).toEqual([BOB.publicKey, MALLORY.publicKey].sort());
  expect([ring.isContested('bob'), ring.isContestedId('id of bob')]).toEqual([true, true]);
  ring.pin('bob', keyOf(BOB), 'id of bob');
  expect([ring.isContested('bob'), ring.isContestedId('id of bob'), ring.isPinned('bob')]).toEqual([
    false,
    false,
    true,
  ]);
  expect(texts(ring.keysOfName('bob'))).toEqual([BOB.publicKey]);
  expect(texts(ring.keysOfId('id of bob'))).toEqual([BOB.publicKey]);
});

test('of a pinned name no other key is learnt, nor for its ID', () => {
  const ring = new KeyRing();
  ring.pin('bob', keyOf(BOB));
  greet(ring, MALLORY, 'bob');
  expect(texts(ring.keysOfName('bob'))).toEqual([BOB.publicKey]);
  expect(ring.keysOfId('id of bob')).toEqual([]);
  greet(ring, BOB);
  expect(texts(ring.keysOfId('id of bob'))).toEqual([BOB.publicKey]);
});

test('a key that is both proven and learnt is one key', () => {
  const ring = new KeyRing();
  greet(ring, BOB);
  ring.add('bob', keyOf(BOB));
  expect(ring.isContested('bob')).toBe(false);
});

describe('more keys than are kept', () => {
  const CROWD = Array.from({ length: 17 }, (_, at) => makeIdentity('bob', new Prng(`bob ${at}`)));
  const kept = CROWD.map(({ publicKey }) => publicKey)
    .sort()
    .slice(0, 16);

  test('make a crowd, until one is pinned; which are kept has nothing to do with who came first', () => {
    for (const crowd of [CROWD, CROWD.toReversed()]) {
      const ring = new KeyRing();
      for (const who of crowd.slice(1)) greet(ring, who);
      expect([ring.isCrowded('bob'), ring.isCrowdedId('id of bob')]).toEqual([false, false]);
      greet(ring, crowd[0]!);
      expect([ring.isCrowded('bob'), ring.isCrowdedId('id of bob')]).toEqual([true, true]);
      expect(texts(ring.keysOfName('bob'))).toEqual(kept);
      expect(ring.isPinnedId('id of bob')).toBe(false);
      ring.pin('bob', keyOf(BOB), 'id of bob');
      expect([ring.isCrowded('bob'), ring.isCrowdedId('id of bob')]).toEqual([false, false]);
      expect(ring.isPinnedId('id of bob')).toBe(true);
    }
  });

  test('and when a key was proven makes no difference', () => {
    const rings = [new KeyRing(), new KeyRing()] as const;
    const greetAll = (ring: KeyRing): void => {
      for (const who of CROWD)
        ring.learn(viewOf(makeEvent({ ...GREETING, payload: greetingOf(who, ''), signer: who }).line));
    };
    rings[0].add('bob', keyOf(CROWD[3]!));
    for (const ring of rings) greetAll(ring);
    rings[1].add('bob', keyOf(CROWD[3]!));
    expect(rings.map((ring) => ring.isCrowded('bob'))).toEqual([true, true]);
    expect(texts(rings[0].keysOfName('bob'))).toEqual(texts(rings[1].keysOfName('bob')));
  });
});

test('a file of keys: pairs, records, comments, blanks, a BOM; names may hold blanks', () => {
  const { publicKey } = BOB;
  const text = `\ufeff# mine\n\n bob  ${publicKey}\r\nthe other bob ${publicKey}\n{"name":"b","public_key":"${publicKey}","id":"x"}`;
  expect(parseKeyList(text)).toEqual([
    { name: 'bob', key: keyOf(BOB), id: '' },
    { name: 'the other bob', key: keyOf(BOB), id: '' },
    { name: 'b', key: keyOf(BOB), id: 'x' },
  ]);
});

test.each([
  ['bob', 'want `name key`'],
  ['bob key', 'no Ed25519 key'],
  ['{"name":"bob"}', 'want {"name","public_key","id"?}'],
  ['{"name":"bob","public_key":"key"}', 'no Ed25519 key'],
  ['{bob', 'want {"name","public_key","id"?}'],
])('%s is no key, and the line is named', (line, reason) => {
  const wrong = `# comment\n${line}\n`;
  expect(() => parseKeyList(wrong)).toThrow(
    `Line 2 of the keys file: ${reason.startsWith('no') ? 'the key is ' : ''}${reason}`,
  );
});
