import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkEvidence, type Vouched } from '../../src/evidence/check-evidence.ts';
import { claim, type Claim } from '../../src/evidence/claim.ts';
import { keyHash, parseEvidenceName, writeEvidence } from '../../src/evidence/evidence-file.ts';
import { judgeAnswer } from '../../src/evidence/judge-answer.ts';
import { accusingKeys, judgeCopies, keysBehind } from '../../src/evidence/judge-copies.ts';
import { readLine, type EventView } from '../../src/event/event-view.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { ALL_ZERO_SOUL_KEY, deriveKeypair, PublicKey } from '../../src/identity/keypair.ts';
import { parseSyncAnswer } from '../../src/sync/answer.ts';
import { ALICE, BOB, CAROL, checkpoint, greeting, MALLORY, sight } from '../archive/verifying.ts';

const NOBODY: Vouched = { keys: new KeyRing(), only: false };

function bodyOf(lines: readonly string[], more = ''): Buffer {
  return Buffer.from(`{"from":"mallory","events":[${lines.join(',')}]${more},"ts":1769000000}\n`);
}

const GOES_ON = ',"next_cursor":"1768800000000000000"';

/** An answer that mallory signed, and claims about it. */
function evidenceOf(
  body: Buffer,
  claims: readonly Claim[],
  signer: Pick<typeof MALLORY, 'publicKey' | 'sign'> = MALLORY,
) {
  const sign = (at: string): string =>
    signer.sign(Buffer.from(`mallory${at}${hash('sha256', body, 'base64')}`));
  const at = '1769000000123';
  const headers = { 'x-nara-name': 'mallory', 'x-nara-timestamp': at, 'x-nara-signature': sign(at) };
  const bytes = writeEvidence({ key: signer.publicKey, headers, body, request: '{}' }, claims, 0);
  return { name: `${keyHash(signer.publicKey)}-1.json`, bytes };
}

function claimsOf(body: Buffer): Claim[] {
  return [...judgeAnswer(parseSyncAnswer(body))];
}

function view(line: string): EventView {
  return readLine(Buffer.from(line))!;
}

function ringOf(...lines: readonly string[]): KeyRing {
  const ring = new KeyRing();
  for (const line of lines) ring.learn(view(line));
  return ring;
}

const MISFIT = sight('alice', 11).replace('mesh 11', 'mesh 12');
const BODY = bodyOf([sight('alice', 10), MISFIT]);

/** A copy with something of it changed. */
function without(line: string): string {
  return line.replaceAll(/,"(?:emitter|sig)":"[^"]*"/g, '');
}

describe('what an answer shows by itself', () => {
  test('misfits, greetings that are false under the key they carry, and a page that is out of order', () => {
    const falseGreeting = greeting(ALICE, 12, { ...MALLORY, name: 'alice' });
    const body = bodyOf([sight('a', 10), MISFIT, falseGreeting, sight('b', 5)], GOES_ON);
    expect(claimsOf(body).map(({ class: kind, index }) => [kind, index])).toEqual([
      ['misfit', 1],
      ['bad-signature', 2],
      ['disorder', 3],
    ]);
    expect(checkEvidence(...of(body))).toMatchObject({ key: MALLORY.publicKey });
  });

  test('nothing of what may be honest: newest first where no page was asked, what others signed, what readers dispute', () => {
    const newestFirst = bodyOf([sight('a', 10), sight('b', 5)]);
    const bySomebody = bodyOf(
      [sight('alice', 1, MALLORY), greeting(ALICE, 2, BOB), greeting(ALICE, 3)],
      GOES_ON,
    );
    const hostile = bodyOf([sight('a', 10), MISFIT.replace('"id":', '"ID":'), sight('b', 10)], GOES_ON);
    // An older soul's signature, it may be: nobody knows which key mallory had then.
    const own = bodyOf([sight('mallory', 1, { ...BOB, name: 'mallory' })], GOES_ON);
    for (const body of [newestFirst, bySomebody, hostile, own]) expect(claimsOf(body)).toEqual([]);
  });
});

function of(body: Buffer, claims = claimsOf(body)): [string, Buffer, Vouched] {
  const { name, bytes } = evidenceOf(body, claims);
  return [name, bytes, NOBODY];
}

describe('what another copy shows', () => {
  const ring = ringOf(...[ALICE, BOB, CAROL, { ...ALICE, name: 'alice:' }].map((who) => greeting(who)));
  ring.add('alice:', PublicKey.parse(ALICE.publicKey)!);
  const keys = accusingKeys(ring);
  const good = sight('alice', 10, ALICE);

  function robbed(given: string, better: string, source = keys): [string, Buffer, Vouched] | undefined {
    const kind = judgeCopies(view(given), view(better), source);
    if (kind === undefined) return undefined;
    const beside = {
      line: Buffer.from(better).toString('base64'),
      keys: keysBehind(view(better), source),
    };
    return of(bodyOf([given]), [claim(kind, 0, view(given).id, beside)]);
  }

  test.each([
    ['stripped-signature', without(good), good],
    ['bad-signature', good.replace(/"sig":"[^"]*"/, '"sig":"AAAA"'), good],
    ['stripped-voters', checkpoint(10, [ALICE]), checkpoint(10, [ALICE, BOB])],
    ['stripped-voters', checkpoint(10, []), checkpoint(10, [BOB])],
  ])('%s', (kind, given, better) => {
    const evidence = robbed(given, better)!;
    expect(checkEvidence(...evidence)).toMatchObject({ claims: [{ class: kind, index: 0 }] });
    const [name, bytes] = evidence;
    // Whoever vouches for other keys is not convinced, and with no others to count neither.
    const pinned = new KeyRing();
    for (const who of [ALICE, BOB]) pinned.pin(who.name, PublicKey.parse(MALLORY.publicKey)!, who.naraId);
    expect(checkEvidence(name, bytes, { keys: pinned, only: false })).toHaveProperty('flaw');
    expect(checkEvidence(name, bytes, { keys: new KeyRing(), only: true })).toHaveProperty('flaw');
    for (const other of ['misfit', 'disorder'])
      expect(checkEvidence(name, Buffer.from(bytes.toString().replace(kind, other)), NOBODY)).toHaveProperty(
        'flaw',
      );
    const right = new KeyRing();
    for (const who of [ALICE, BOB]) right.pin(who.name, PublicKey.parse(who.publicKey)!, who.naraId);
    expect(checkEvidence(name, bytes, { keys: right, only: true })).not.toHaveProperty('flaw');
  });

  test.each([
    ['the same copy', good, good],
    ['a better signature than the better one', good, without(good)],
    ['an event that nobody but a stranger signed', sight('alice', 10), sight('alice', 10, BOB)],
    ['a copy that another signed, too', sight('alice', 10, MALLORY), good],
    ['another event', sight('alice', 11), good],
    [
      'a better copy under a key that nobody knows',
      sight('dave', 10),
      sight('dave', 10, { ...BOB, name: 'dave' }),
    ],
    ['an ambiguous content', sight('alice:', 10), sight('alice:', 10, { ...ALICE, name: 'alice:' })],
  ])('nothing of %s', (_, given, better) => {
    expect(robbed(given, better)).toBeUndefined();
  });

  test('nothing under keys of names that have several, or that anybody can sign with', () => {
    const contested = ringOf(greeting(ALICE), greeting({ ...BOB, name: 'alice', naraId: 'other' }));
    expect(robbed(without(good), good, accusingKeys(contested))).toBeUndefined();
    const open = { ...ALICE, ...deriveKeypair({ seed: new Uint8Array(32), tag: new Uint8Array(8) }) };
    expect(open.publicKey).toBe(ALL_ZERO_SOUL_KEY);
    const ring = new KeyRing();
    ring.add('alice', PublicKey.parse(open.publicKey)!);
    expect(robbed(without(good), sight('alice', 10, open), ring)).toBeDefined();
    expect(robbed(without(good), sight('alice', 10, open), accusingKeys(ring))).toBeUndefined();
  });
});

describe('a file that was tampered with does not hold', () => {
  const { name, bytes } = evidenceOf(BODY, claimsOf(BODY));
  type Json = Record<string, never> & { claims: Record<string, unknown>[]; headers: Record<string, string> };

  function altered(change: (evidence: Json) => void): Buffer {
    const evidence = JSON.parse(bytes.toString()) as Json;
    change(evidence);
    return Buffer.from(JSON.stringify(evidence));
  }

  test('as it was written it holds, and what nobody signed may say what it likes', () => {
    expect(checkEvidence(name, bytes, NOBODY)).toMatchObject({ claims: [{ class: 'misfit', index: 1 }] });
    const retold = altered((evidence) =>
      Object.assign(evidence, { unproven: { takenAt: '', request: 'x' } }),
    );
    expect(checkEvidence(name, retold, NOBODY)).not.toHaveProperty('flaw');
  });

  const other = bodyOf([sight('alice', 10), MISFIT, MISFIT]).toString('base64');
  const set = (parts: object) => (evidence: object) => void Object.assign(evidence, parts);
  const ofClaim = (parts: object) => (evidence: Json) => void Object.assign(evidence.claims[0]!, parts);
  const ofHeaders = (parts: object) => (evidence: Json) => void Object.assign(evidence.headers, parts);
  test.each<[string, (evidence: Json) => void]>([
    ['another type', set({ type: 'mesh-backup receipt' })],
    ['another version', set({ version: 2 })],
    ['a further member', set({ note: 'alice lies' })],
    ["another's key", set({ key: ALICE.publicKey })],
    ['no key', set({ key: 'AAAA' })],
    ['another body', set({ body: other })],
    [
      'the body in another spelling',
      (evidence) => Object.assign(evidence, { body: `${BODY.toString('base64')}\n` }),
    ],
    ['another name', ofHeaders({ 'x-nara-name': 'alice' })],
    ['another time', ofHeaders({ 'x-nara-timestamp': '1769000000124' })],
    ['another signature', ofHeaders({ 'x-nara-signature': 'AAAA' })],
    ['no claims', set({ claims: [] })],
    ['another class', ofClaim({ class: 'disorder' })],
    ['another reason', ofClaim({ reason: 'it is a liar' })],
    ['another event', ofClaim({ index: 0 })],
    ['an event that is not there', ofClaim({ index: 2 })],
    ['another ID', ofClaim({ id: '00' })],
    ['a better copy that is none', ofClaim({ better: { line: '', keys: [] } })],
    ['a claim too many', (evidence) => void evidence.claims.push({ ...evidence.claims[0], index: 0 })],
  ])('%s', (_, change) => {
    expect(checkEvidence(name, altered(change), NOBODY)).toHaveProperty('flaw');
  });

  test('cut off anywhere, or garbage, it is a flaw and nothing is thrown', () => {
    for (let at = 0; at < bytes.length - 2; at += 17)
      expect(checkEvidence(name, bytes.subarray(0, at), NOBODY)).toHaveProperty('flaw');
    for (const text of ['null', '[]', '{}', '"', '\0\xff'])
      expect(checkEvidence(name, Buffer.from(text, 'latin1'), NOBODY)).toHaveProperty('flaw');
  });

  test('a name that is not of the key; an answer that anybody can have signed', () => {
    expect(checkEvidence(`${keyHash(ALICE.publicKey)}-1.json`, bytes, NOBODY)).toHaveProperty('flaw');
    const open = deriveKeypair({ seed: new Uint8Array(32), tag: new Uint8Array(8) });
    const ofOpen = evidenceOf(BODY, claimsOf(BODY), open);
    expect(checkEvidence(ofOpen.name, ofOpen.bytes, NOBODY)).toEqual({
      flaw: 'anybody can sign with its key',
    });
  });

  test('names are of hash and number alone', () => {
    expect(parseEvidenceName('0123456789abcdef-12.json')).toEqual({ hash: '0123456789abcdef', number: 12 });
    for (const bad of [
      '0123456789ABCDEF-1.json',
      '0123456789abcdef-0.json',
      '../0123456789abcdef-1.json',
      'alice-1.json',
    ])
      expect(parseEvidenceName(bad)).toBeUndefined();
  });
});
