import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventBytes } from '../../src/event/event-view.ts';
import { parseSyncAnswer, type SyncAnswer } from '../../src/sync/answer.ts';
import { jsonText } from '../property/json-oracle.ts';
import { signedAnswers } from './signed-answers.ts';

const parse = (text: string): SyncAnswer => parseSyncAnswer(Buffer.from(text));
const linesOf = ({ events }: SyncAnswer): string[] => events.map((event) => eventBytes(event).toString());

interface Wire {
  from?: string;
  events: { id: string; svc: string }[] | null;
  next_cursor?: string;
  ts: number;
  sig?: string;
}

describe('parseSyncAnswer', () => {
  it.each(signedAnswers.filter(({ status }) => status === 200))(
    'reads what a nara wrote: $name',
    ({ body }) => {
      const wire = JSON.parse(body) as Wire;
      const answer = parse(body);
      expect(answer).toMatchObject({
        from: wire.from,
        nextCursor: wire.next_cursor,
        ts: String(wire.ts),
        sig: wire.sig,
      });
      expect(answer.broken).toBeUndefined();
      expect(answer.events.map(({ id, svc }) => ({ id, svc }))).toEqual(
        (wire.events ?? []).map(({ id, svc }) => ({ id, svc })),
      );
      for (const line of linesOf(answer)) expect(body).toContain(line);
    },
  );

  it('reads what JSON.parse reads, each event with its very bytes, in any order of members', () => {
    const blank = fc.constantFrom('', ' ', '\n', '\t \r\n');
    const text = fc.string({ unit: 'grapheme' });
    const answer = fc.record(
      {
        from: text,
        events: fc.oneof(fc.constant(null), fc.array(jsonText, { maxLength: 5 })),
        next_cursor: text,
        ts: fc.integer(),
        sig: text,
        other: jsonText,
      },
      { requiredKeys: ['events'] },
    );
    fc.assert(
      fc.property(answer, blank, fc.array(fc.nat(), { maxLength: 6 }), (wire, gap, order) => {
        const members = Object.entries(wire).map(([key, value]) => {
          const spelled =
            key === 'other'
              ? (value as string)
              : Array.isArray(value)
                ? `[${value.join(`${gap},`)}]`
                : JSON.stringify(value);
          return `${gap}"${key}"${gap}:${gap}${spelled}`;
        });
        for (const at of order) members.push(...members.splice(at % members.length, 1));
        const body = `${gap}{${members.join(',')}}${gap}`;
        const read = parse(body);
        const oracle = JSON.parse(body) as Wire;
        expect(read.broken).toBeUndefined();
        expect(read).toMatchObject({
          from: oracle.from ?? '',
          nextCursor: oracle.next_cursor,
          ts: 'ts' in oracle ? String(oracle.ts) : '',
          sig: oracle.sig ?? '',
        });
        expect(linesOf(read)).toEqual((wire.events ?? []).map((event) => event.trim()));
      }),
      { numRuns: 1000 },
    );
  });

  const body = signedAnswers.find(({ name }) => name === 'page-first-n2.json')!.body;

  it('never throws, however it is damaged, and keeps what stands before the break', () => {
    const whole = linesOf(parse(body));
    const bytes = Buffer.from(body);
    const damage = fc.record({
      at: fc.nat(bytes.length),
      length: fc.nat(40),
      stranger: fc.uint8Array({ maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        let damaged = bytes;
        let first = bytes.length;
        for (const { at, length, stranger } of damages) {
          damaged = Buffer.concat([damaged.subarray(0, at), stranger, damaged.subarray(at + length)]);
          first = Math.min(first, at);
        }
        const before = whole.filter((line) => bytes.indexOf(line) + Buffer.byteLength(line) <= first);
        expect(linesOf(parseSyncAnswer(damaged)).slice(0, before.length)).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          jsonText.map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(parseSyncAnswer(Buffer.from(bytes)).broken === undefined).toBe(isAnswer(bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  function isAnswer(bytes: Uint8Array): boolean {
    try {
      const value = JSON.parse(Buffer.from(bytes).toString()) as unknown;
      return typeof value === 'object' && value !== null && 'events' in value;
    } catch {
      return false;
    }
  }

  it('says of every cut body that it breaks off', () => {
    const bytes = Buffer.from(body);
    for (let length = 0; length < bytes.length - 1; length += 13) {
      expect(parseSyncAnswer(bytes.subarray(0, length)).broken).toMatch(
        /^no answer of a nara from byte \d+ on$/,
      );
    }
  });

  it.each([
    ['', 'no answer of a nara from byte 0 on'],
    ['[]', 'no answer of a nara from byte 0 on'],
    ['{}', 'an answer without events'],
    ['{"from":"a"}', 'an answer without events'],
    ['{"Events":[]}', 'an answer without events'],
    ['{"events":{}}', 'from byte'],
    ['{"events":"x"}', 'from byte'],
    ['{"events":true}', 'from byte'],
    ['{"events":[],"events":[]}', 'from byte'],
    ['{"events":[],"from":1}', 'from byte'],
    ['{"events":[],"from":"a","from":"b"}', 'from byte'],
    ['{"events":[],"next_cursor":1}', 'from byte'],
    ['{"events":[],"next_cursor":null}', 'from byte'],
    ['{"events":[],"next_cursor":"1","next_\\u0063ursor":"2"}', 'from byte'],
    ['{"events":[],"ts":1.5}', 'from byte'],
    ['{"events":[],"ts":"1"}', 'from byte'],
    ['{"events":[]} {}', 'from byte'],
    ['{"events":[1,]}', 'from byte'],
    ['\ufeff{"events":[]}', 'from byte'],
  ])('is no answer: %s', (text, reason) => {
    expect(parse(text).broken).toContain(reason);
  });

  it('takes a depth that would overflow a recursive parser', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const answer = parse(`{"events":[{"x":${deep}}],"other":${deep}}`);
    expect(answer.broken).toBeUndefined();
    expect(answer.events.map(({ hostile }) => hostile)).toEqual(['too-deep']);
  });
});
