import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentString } from '../../src/event/content.ts';
import { eventBytes, readEvent, type EventView } from '../../src/event/event-view.ts';
import { computeEventId } from '../../src/event/id.ts';
import { isAmbiguous } from '../../src/event/proof.ts';
import { JsonCursor } from '../../src/event/json-cursor.ts';
import { EventScanner, scanLine } from '../../src/event/scanner.ts';
import { EVENT_SCHEMA, type Field, type ObjectSchema } from '../../src/event/schema.ts';
import { brokenJsonText, escapeAll, jsonText } from './json-oracle.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('the scanner takes exactly what JSON.parse takes', () => {
  fc.assert(
    fc.property(fc.oneof(jsonText, brokenJsonText), (text) => {
      expect(scanLine(Buffer.from(text)) !== undefined).toBe(isJson(text));
    }),
    { numRuns: 3000 },
  );
});

test('each event of a list is found with its exact bytes', () => {
  fc.assert(
    fc.property(fc.array(jsonText, { maxLength: 6 }), (texts) => {
      const scanner = new EventScanner(Buffer.from(`[ ${texts.join(' ,\t')} ]`));
      const found: string[] = [];
      for (let more = scanner.cursor.openArray(); more; more = scanner.cursor.anotherElement()) {
        scanner.scan();
        found.push(eventBytes(readEvent(scanner)).toString());
      }
      expect(found).toEqual(texts.map((text) => text.trim()));
    }),
    { numRuns: 1000 },
  );
});

const word = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', 'alice', 'a:b', '<&>', '\u2028', '\u0000'),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** JSON.stringify that spells bigints as integers, and optionally every character of a string as an escape. */
function stringify(value: unknown, escaped: boolean): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item, escaped)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(key)}:${stringify(item, escaped)}`,
    );
    return `{${members.join(',')}}`;
  }
  return escaped && typeof value === 'string' ? escapeAll(value) : JSON.stringify(value);
}

/** The content string once more, slowly and from the spec's table, from a value that JSON could not spoil. */
function slowContent(svc: string, p: Record<string, unknown>): string {
  const join = (...parts: unknown[]): string => parts.map(String).join(':');
  switch (svc) {
    case 'social':
      return join(p['type'], p['actor'], p['target'], p['reason'], p['witness']);
    case 'observation':
      return p['type'] === 'restart'
        ? join(p['subject'], 'restart', p['restart_num'], p['start_time'])
        : join(p['observer'], p['subject'], p['type'], p['online_state'], p['start_time'], p['restart_num']);
    case 'seen':
      return join('seen', p['observer'], p['subject'], p['via']);
    case 'hey-there':
      return join('hey_there', p['From'], p['PublicKey'], p['MeshIP']);
    case 'chau':
      return join('chau', p['From'], p['PublicKey']);
    default: {
      const o = p['observation'] as Record<string, unknown>;
      const claim = join(
        p['subject_id'] === '' ? p['subject'] : p['subject_id'],
        p['as_of_time'],
        o['start_time'],
        o['restarts'],
        o['total_uptime'],
      );
      return (p['version'] as bigint) < 2n
        ? join('checkpoint', claim)
        : join('checkpoint:v2', claim, p['previous_checkpoint_id']);
    }
  }
}

const payloads = fc.oneof(
  fc.record({
    svc: fc.constant('social'),
    payload: fc.record({ type: word, actor: word, target: word, reason: word, witness: word }),
  }),
  fc.record({
    svc: fc.constant('observation'),
    payload: fc.record({
      observer: word,
      subject: word,
      type: fc.oneof(word, fc.constant('restart')),
      online_state: word,
      start_time: int64,
      restart_num: int64,
    }),
  }),
  fc.record({ svc: fc.constant('seen'), payload: fc.record({ observer: word, subject: word, via: word }) }),
  fc.record({
    svc: fc.constant('hey-there'),
    payload: fc.record({ From: word, PublicKey: word, MeshIP: word }),
  }),
  fc.record({ svc: fc.constant('chau'), payload: fc.record({ From: word, PublicKey: word }) }),
  fc.record({
    svc: fc.constant('checkpoint'),
    payload: fc.record({
      version: int64,
      subject: word,
      subject_id: word,
      previous_checkpoint_id: word,
      observation: fc.record({ restarts: int64, total_uptime: int64, start_time: int64 }),
      as_of_time: int64,
      voter_ids: fc.array(word),
      signatures: fc.array(word),
    }),
  }),
);

test('content and fields are what a slow reader with big integers finds', () => {
  fc.assert(
    fc.property(payloads, int64, word, fc.boolean(), ({ svc, payload }, ts, emitter, escaped) => {
      const line = stringify(
        { id: '0123456789', ts, svc, emitter, [svc.replace('-', '_')]: payload },
        escaped,
      );
      const event = readEvent(scanLine(Buffer.from(line))!);
      expect(event).toMatchObject({ id: '0123456789', tsNs: ts, svc, emitter, hostile: undefined });
      expect(event.content).toBe(slowContent(svc, payload));
      expect(event.computedId).toBe(computeEventId(String(ts), svc, event.content));
    }),
    { numRuns: 2000 },
  );
});

/** A value of any type in odd spellings, its bytes as latin1. */
const oddField = fc.oneof(
  word.map((text) => Buffer.from(JSON.stringify(text)).toString('latin1')),
  word.map(escapeAll),
  fc.constantFrom(
    'null',
    '-0',
    '0',
    '"restart"',
    '"\\u0072estart"',
    '"al\u00ffce"',
    '"\\ud800"',
    '25.25',
    '1e300',
  ),
  int64.map(String),
  fc.constantFrom('{"restarts":-0,"total_uptime":7}', '{"start_time":null}'),
);
const longField = fc.constant(`"${'x'.repeat(5000)}"`);
/** Events whose fields are odd, missing, or so long that the event is no common one any more. */
const oddEvents = fc
  .tuple(
    fc.constantFrom(...EVENT_SCHEMA.fields.filter(({ type }) => typeof type === 'object')),
    fc.infiniteStream(
      fc.oneof(
        { weight: 100, arbitrary: oddField },
        { weight: 20, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: longField },
      ),
    ),
  )
  .map(([{ name, type }, values]) => {
    const members = (fields: readonly Field[]): string =>
      fields
        .map((field) => [field.name, values.next().value as string | undefined])
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `"${key}":${value}`)
        .join(',');
    const svc = name === 'hey_there' ? 'hey-there' : name;
    const ts = values.next().value as string | undefined;
    const payload = members((type as ObjectSchema).fields);
    return Buffer.from(
      `{"id":"0123456789","svc":"${svc}","ts":${ts ?? '1'},"${name}":{${payload}}}`,
      'latin1',
    );
  });

test('the ID of the bytes is the ID of the content, however odd the fields are', () => {
  fc.assert(
    fc.property(oddEvents, (line) => {
      const event = readEvent(scanLine(line)!);
      expect(event.computedId).toBe(
        computeEventId(String(event.tsNs), event.svc, contentString(event.payload!)),
      );
      expect(event.isAmbiguous).toBe(isAmbiguous(event.payload!));
    }),
    { numRuns: 3000 },
  );
});

test('a view reads the same when the scanner has gone on', () => {
  fc.assert(
    fc.property(fc.array(oddEvents, { minLength: 2, maxLength: 5 }), (lines) => {
      const scanner = new EventScanner(
        Buffer.from(`[${lines.map((line) => line.toString('latin1')).join()}]`, 'latin1'),
      );
      const views: EventView[] = [];
      for (let more = scanner.cursor.openArray(); more; more = scanner.cursor.anotherElement()) {
        scanner.scan();
        views.push(readEvent(scanner));
      }
      const read = ({ id, computedId, payload, emitter, sig }: EventView): unknown[] => {
        return [id, computedId, payload, emitter, sig];
      };
      expect(views.map(read)).toEqual(lines.map((line) => read(readEvent(scanLine(line)!))));
    }),
    { numRuns: 300 },
  );
});

test('any bytes at all are judged, never a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const scanner = scanLine(Buffer.from(`{"id":"${Buffer.from(bytes).toString('latin1')}"}`, 'latin1'));
      if (scanner !== undefined) readEvent(scanner);
    }),
    { numRuns: 2000 },
  );
});

/** Steps of the tokenizer, counted through the bytes that it reads: time without a clock. */
function bytesRead(text: string): number {
  let count = 0;
  const bytes = Buffer.from(text);
  const counting = new Proxy(bytes, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (typeof value === 'number' && key !== 'length') count++;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  new JsonCursor(counting).skip();
  return count;
}

test.each([
  ['deep nesting', (n: number) => '['.repeat(n) + ']'.repeat(n)],
  ['many keys', (n: number) => `{${Array.from({ length: n }, (_, i) => `"k${i}":0`).join(',')}}`],
  ['one huge string', (n: number) => `"${'x'.repeat(n)}"`],
  ['many escapes', (n: number) => `"${'\\ud83d\\ude00'.repeat(n)}"`],
  ['half surrogates', (n: number) => `"${'\\ud83d'.repeat(n)}"`],
  ['a number of many digits', (n: number) => '1'.repeat(n)],
  ['blanks', (n: number) => `[${' '.repeat(n)}]`],
])('%s take linear time', (_, make) => {
  const small = make(2_000);
  const large = make(20_000);
  expect(bytesRead(large) / large.length).toBeLessThan((bytesRead(small) / small.length) * 1.1);
});
