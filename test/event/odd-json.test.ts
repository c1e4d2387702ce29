import { describe, expect, test } from 'vitest';
import { readEvent, type EventView } from '../../src/event/event-view.ts';
import { isAmbiguous, proveEvent } from '../../src/event/proof.ts';
import { scanLine } from '../../src/event/scanner.ts';
import { readVectors } from '../fixtures.ts';

interface OddVector {
  input: string;
  input_base64: string;
  server_error?: string;
  server_panics?: boolean;
  server_reads?: { computed_id: string; emitter: string; id: string; svc: string; ts: string };
}
const vectors = (readVectors('odd-json.json') as OddVector[]).map((vector) => ({
  ...vector,
  title: vector.input.slice(0, 60) + vector.input.slice(-20),
}));

function read(bytes: Buffer): EventView | undefined {
  const scanner = scanLine(bytes);
  return scanner && readEvent(scanner);
}

describe.each(vectors)('$title', (vector) => {
  const event = read(Buffer.from(vector.input_base64, 'base64'));

  if (vector.server_reads === undefined) {
    test('the server refuses it: no JSON, or hostile', () => {
      if (event !== undefined) expect(event.hostile).toMatch(/^(wrong-type|number-range|too-deep)$/);
    });
  } else {
    const { id, ts, svc, emitter, computed_id } = vector.server_reads;
    test('is read as the server reads it', () => {
      expect(event).toMatchObject({ id, svc, emitter, tsNs: BigInt(ts) });
      // The recording shows "x" (the id) where the server's ID computation dies.
      if (vector.server_panics !== true) expect(event!.computedId).toBe(computed_id);
    });
    if (vector.server_panics === true)
      test('is hostile', () => {
        expect(event!.hostile).toBeDefined();
      });
  }
});

const good = vectors[0]!.input;

test.each<[string, string | Buffer, string]>([
  ['a key twice', good.replace('{', '{"id":"aaaaaaaaaa",'), 'duplicate-key'],
  ['a payload twice', good.replace(/}}$/, '},"seen":{}}'), 'duplicate-key'],
  ['a key in another case', good.replace('"id"', '"Id"'), 'folded-key'],
  ['a key that folds by U+017F', good.replace('"svc"', '"\u017fvc"'), 'folded-key'],
  ['a key that folds by U+212A', good.replace('"seen":{', '"chec\u212apoint":{},"seen":{'), 'folded-key'],
  ['bytes that are no UTF-8', Buffer.from(good.replace('alice', 'al\u00ffce'), 'latin1'), 'invalid-utf8'],
  [
    'no UTF-8 in a place nobody reads',
    Buffer.from(good.replace('{', '{"x":"\u00ff",'), 'latin1'),
    'invalid-utf8',
  ],
  ['a lone surrogate', good.replace('alice', 'al\\ud800ce'), 'lone-surrogate'],
  ['a line feed between tokens', good.replace(',', ',\n'), 'line-break'],
  ['a carriage return between tokens', good.replace(',', ',\r'), 'line-break'],
  ['a ts beyond int64', good.replace(/"ts":\d+/, '"ts":9223372036854775808'), 'number-range'],
  ['a ts with a fraction', good.replace(/"ts":\d+/, '"ts":1.0'), 'wrong-type'],
  ['a ts with an exponent', good.replace(/"ts":\d+/, '"ts":1e3'), 'wrong-type'],
  ['an id of seven bytes', good.replace(/"id":"\w+"/, '"id":"1234567"'), 'short-id'],
  ['no service', good.replace(/"svc":"\w+"/, '"svc":null'), 'no-service'],
  ['more than 16 MiB', good.replace('{', `{"x":"${'x'.repeat(2 ** 24)}",`), 'too-large'],
  ['no id', good.replace(/"id":"\w+",/, ''), 'short-id'],
  ['a known service without its payload', good.replace('"seen":', '"else":'), 'no-payload'],
  ['a payload that is null', good.replace(/"seen":.*$/, '"seen":null}'), 'no-payload'],
  ['a wrong type in a payload nobody asked for', good.replace('{', '{"ping":{"rtt":"1"},'), 'wrong-type'],
  ['a negative uptime', good.replace('{', '{"observation":{"observer_uptime":-1},'), 'number-range'],
  ['voters that are numbers', good.replace('{', '{"checkpoint":{"voter_ids":[1]},'), 'wrong-type'],
  ['depth beyond 10,000', good.replace('{', `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)},`), 'too-deep'],
])('%s is hostile', (_, input, reason) => {
  expect(proveEvent(read(Buffer.from(good))!)).toEqual({ class: 'id' });
  const event = read(Buffer.from(input as string))!;
  expect(proveEvent(event)).toEqual({ class: 'hostile', reason });
});

test.each([
  ['keys nobody knows', good.replace('{', '{"x":{"id":"1","id":"2"},')],
  ['an escaped key', good.replace('"id"', '"\\u0069d"')],
  ['blanks and tabs', good.replaceAll(',"', ' ,\t"')],
])('%s are no reason for distrust', (_, input) => {
  expect(input).not.toBe(good);
  expect(proveEvent(read(Buffer.from(input))!)).toEqual({ class: 'id' });
});

test('an unknown service cannot be checked', () => {
  expect(proveEvent(read(Buffer.from(good.replace('"svc":"seen"', '"svc":"SEEN"')))!)).toEqual({
    class: 'unknown-service',
  });
});

test('a changed content is a misfit', () => {
  expect(proveEvent(read(Buffer.from(good.replace('"observer":"alice"', '"observer":"alicf"')))!)).toEqual({
    class: 'misfit',
  });
});

test.each([
  ['seen', '"seen":{"observer":"a:b","subject":"c","via":"d"}', true],
  ['seen', '"seen":{"observer":"ab","subject":"c","via":"d"}', false],
  ['hey-there', '"hey_there":{"From":"a","PublicKey":"b","MeshIP":"fd7a:115c::1"}', false],
  ['hey-there', '"hey_there":{"From":"a","PublicKey":"b","MeshIP":"evil:100.64.0.1"}', true],
])('%s with %s: ambiguous %s', (svc, payload, expected) => {
  const event = read(Buffer.from(`{"id":"0123456789","ts":1,"svc":"${svc}",${payload}}`))!;
  expect(isAmbiguous(event.payload!)).toBe(expected);
});
