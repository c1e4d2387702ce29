import { describe, expect, it } from 'vitest';
import type { PublicKey } from '../../src/identity/keypair.ts';
import { parseSyncAnswer } from '../../src/sync/answer.ts';
import { verifySyncAnswer, type AnswerVerdict } from '../../src/sync/verify-answer.ts';
import { flip } from '../fixtures.ts';
import { signedAnswers, type SignedAnswer } from './signed-answers.ts';

function verify({ headers, body, key }: SignedAnswer): AnswerVerdict['signature'] {
  const bytes = Buffer.from(body);
  return verifySyncAnswer(headers, bytes, parseSyncAnswer(bytes), key).signature;
}

const stripped = (answer: SignedAnswer): SignedAnswer => ({ ...answer, headers: {} });
const otherKey = (than: PublicKey): PublicKey =>
  signedAnswers.map(({ key }) => key).find(({ text }) => text !== than.text)!;
const withHeader = (answer: SignedAnswer, name: string, value: string): SignedAnswer => ({
  ...answer,
  headers: { ...answer.headers, [name]: value },
});

it('has answers of both kinds to be held to', () => {
  expect(signedAnswers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(11);
  expect(signedAnswers.filter(({ status }) => status !== 200).length).toBeGreaterThanOrEqual(3);
});

describe.each(signedAnswers)('$name', (answer) => {
  it('verifies by its headers, and tells the signed name', () => {
    const body = Buffer.from(answer.body);
    expect(verifySyncAnswer(answer.headers, body, parseSyncAnswer(body), answer.key)).toEqual({
      signature: 'whole',
      signer: answer.headers['x-nara-name'],
    });
  });

  it('fails with any changed byte, and no good signature in the body makes up for it', () => {
    const { headers, body, key } = answer;
    for (const at of [0, Math.floor(body.length / 2), body.length - 1]) {
      expect(verify({ ...answer, body: flip(body, at) })).toBe('bad');
    }
    expect(verify({ ...answer, body: body.trimEnd() })).toBe('bad');
    expect(verify(withHeader(answer, 'x-nara-signature', flip(headers['x-nara-signature']!)))).toBe('bad');
    expect(verify(withHeader(answer, 'x-nara-signature', ''))).toBe('bad');
    expect(verify(withHeader(answer, 'x-nara-timestamp', `${headers['x-nara-timestamp']!}0`))).toBe('bad');
    expect(verify(withHeader(answer, 'x-nara-name', flip(headers['x-nara-name']!)))).toBe('bad');
    expect(verify({ ...answer, key: otherKey(key) })).toBe('bad');
  });

  it.each(['x-nara-signature', 'x-nara-timestamp', 'x-nara-name'])('fails without %s alone', (name) => {
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([key]) => key !== name));
    expect(verify({ ...answer, headers })).toBe('bad');
  });
});

describe.each(signedAnswers.filter(({ status }) => status === 200).map(stripped))(
  '$name without headers',
  (answer) => {
    it('verifies by the sig of its body, which covers IDs only', () => {
      const body = Buffer.from(answer.body);
      const { from } = JSON.parse(answer.body) as { from: string };
      expect(verifySyncAnswer({}, body, parseSyncAnswer(body), answer.key)).toEqual({
        signature: 'ids',
        signer: from,
      });
      expect(verify({ ...answer, body: answer.body.replace(/^\{/, '{"next_cursor_":"1",') })).toBe('ids');
    });

    it('fails with a changed sig, name, time, ID or key', () => {
      const { body, key } = answer;
      const sig = /"sig":"([^"]*)"\}\n$/.exec(body)![1]!;
      const id = /"id":"([^"]*)"/.exec(body)?.[1];
      const changed = [
        body.replace(sig, flip(sig)),
        body.replace('"from":"', '"from":"x'),
        body.replace(/"ts":1(\d+,"sig":"[^"]*"\}\n)$/, '"ts":2$1'),
        ...(id === undefined ? [] : [body.replace(id, flip(id).toLowerCase())]),
      ];
      for (const other of changed) {
        expect(other).not.toBe(body);
        expect(verify({ ...answer, body: other })).toBe('bad');
      }
      expect(verify({ ...answer, key: otherKey(key) })).toBe('bad');
    });

    it('bears no signature without its sig, or where it breaks off', () => {
      const { body } = answer;
      expect(verify({ ...answer, body: body.replace(/,"sig":"[^"]*"\}\n$/, '}') })).toBe('absent');
      expect(verify({ ...answer, body: body.slice(0, -2) })).toBe('absent');
    });
  },
);
