import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { selectEvents, type SelectOptions, type SelectSummary } from '../../src/archive/select.ts';
import { readLine } from '../../src/event/event-view.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { isOriginProven } from '../../src/event/origin.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'mesh-backup-test-'));
afterAll(() => {
  rmSync(FOLDER, { recursive: true });
});

const EVENTS = makeHistory({ naras: 3, eventsPerNara: 60, pageSize: 20 }).ledgers[0]!;
const GOOD = EVENTS.map(({ line }) => line);
const UNKNOWN = makeEvent({ tsNs: EVENTS[7]!.tsNs, svc: 'weather', payload: { observer: 'alice' } }).line;
const MISFITS = GOOD.slice(0, 5).map((text) => text.replace(/"ts":\d+/, '"ts":1767225600000000001'));
const HOSTILE = GOOD.slice(5, 8).map((text) => text.replace('{', '{"sig":"",'));
const BROKEN = ['no JSON', '{"id":', '\u0000', '}{'];
const BLANK = ['', ' ', '\t'];

/** What a line holds, as whoever made it knows. */
const CLASSES = new Map([
  ...[...GOOD, UNKNOWN].map((text) => [text, 'good'] as const),
  ...[...MISFITS, ...HOSTILE].map((text) => [text, 'bad'] as const),
]);

interface Spec {
  readonly text: string;
  readonly around: readonly [string, string];
}

const LINE: fc.Arbitrary<Spec> = fc.record({
  text: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...GOOD) },
    fc.constantFrom(UNKNOWN, ...MISFITS, ...HOSTILE),
    fc.constantFrom(...BROKEN, ...BLANK),
  ),
  around: fc.constantFrom(['', ''], ['', '\r'], [' \t', ' '], ['', '  \r']),
});
const FILE = fc.record({
  lines: fc.array(LINE, { maxLength: 60, size: 'max' }),
  isTorn: fc.boolean(),
  kind: fc.constantFrom('file', 'gzip file', 'stream', 'gzip stream'),
  pieceBytes: fc.integer({ min: 1, max: 3000 }),
});
const TIMES = fc.option(fc.constantFrom(...EVENTS.map(({ tsNs }) => tsNs)), { nil: undefined });
const RULES = fc.record({
  sinceNs: TIMES,
  untilNs: TIMES,
  services: fc.subarray<string>(['ping', 'hey-there', 'weather', 'checkpoint', 'none'], { maxLength: 3 }),
  naras: fc.subarray(['alice', 'bob', 'ghost-1', 'nobody'], { maxLength: 2 }),
  ids: fc.oneof(fc.constant<string[]>([]), fc.subarray(EVENTS.map(({ id }) => id))),
  proof: fc.constantFrom(undefined, 'none' as const, 'id' as const, 'signed' as const),
  invert: fc.boolean(),
  limit: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 50 })),
});
type Rules = typeof RULES extends fc.Arbitrary<infer T> ? T : never;

interface FileSpec {
  readonly lines: readonly Spec[];
  readonly isTorn: boolean;
  readonly kind: string;
  readonly pieceBytes: number;
}

const spellingOf = ({ text, around: [before, after] }: Spec): string => before + text + after;

let files = 0;

async function open({ lines, isTorn, kind, pieceBytes }: FileSpec): Promise<LineFile> {
  const plain = Buffer.from(lines.map(spellingOf).join('\n') + (isTorn || lines.length === 0 ? '' : '\n'));
  const bytes = kind.startsWith('gzip') ? gzipSync(plain) : plain;
  if (kind.endsWith('file')) {
    const path = join(FOLDER, `${files++}`);
    writeFileSync(path, bytes);
    return (await LineFile.open(path))!;
  }
  const pieces = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return LineFile.ofStream('stdin', Readable.from(pieces));
}

async function select(
  specs: readonly FileSpec[],
  rules: Partial<Rules> & Pick<Partial<SelectOptions>, 'sample'>,
): Promise<{ text: string; summary: SelectSummary }> {
  const opened = await Promise.all(specs.map(open));
  const written: Buffer[] = [];
  try {
    const summary = await selectEvents({
      files: opened,
      filter: { services: [], naras: [], ...rules },
      ids: [],
      proof: undefined,
      invert: false,
      limit: Infinity,
      sample: undefined,
      ...rules,
      pinnedKeys: [],
      signal: new AbortController().signal,
      write: (bytes) => Promise.resolve(void written.push(Buffer.from(bytes))),
    });
    return { text: Buffer.concat(written).toString(), summary };
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
}

/** All lines in memory, all tests by hand. */
function naive(specs: readonly FileSpec[], rules: Rules): string[] {
  const events = specs.flatMap(({ lines }) => lines).filter(({ text }) => CLASSES.has(text));
  const keys = new KeyRing();
  for (const { text } of events) if (CLASSES.get(text) === 'good') keys.learn(readLine(Buffer.from(text))!);
  const isWanted = (text: string): boolean => {
    const { id, svc, ...rest } = JSON.parse(text) as Record<string, unknown> & { id: string; svc: string };
    const tsNs = BigInt(/"ts":(\d+)/.exec(text)![1]!);
    const names = stringsIn(rest);
    return (
      (rules.sinceNs === undefined || tsNs >= rules.sinceNs) &&
      (rules.untilNs === undefined || tsNs < rules.untilNs) &&
      (rules.services.length === 0 || rules.services.includes(svc)) &&
      (rules.naras.length === 0 || (svc !== 'weather' && rules.naras.some((nara) => names.includes(nara)))) &&
      (rules.ids.length === 0 || rules.ids.includes(id)) &&
      ((rules.proof ?? 'none') === 'none' || CLASSES.get(text) === 'good') &&
      (rules.proof !== 'signed' || isOriginProven(readLine(Buffer.from(text))!, keys))
    );
  };
  return events
    .filter(({ text }) => rules.proof !== undefined || CLASSES.get(text) === 'good')
    .filter(({ text }) => isWanted(text) !== rules.invert)
    .slice(0, rules.limit)
    .map((spec) => `${spellingOf(spec)}\n`);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

test('selects what the naive way selects, byte for byte, from files and streams, plain and gzip', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(FILE, { maxLength: 3 }), RULES, async (specs, rules) => {
      const { text, summary } = await select(specs, rules);
      const wanted = naive(specs, rules);
      expect(text).toBe(wanted.join(''));
      const { input, selected, notSelected, leftOut, written, bytesWritten, isCutShort } = summary;
      expect([written, selected, bytesWritten]).toEqual([
        wanted.length,
        wanted.length,
        Buffer.byteLength(text),
      ]);
      expect(input.events).toBe(selected + notSelected + leftOut);
      expect(isCutShort).toBe(wanted.length === rules.limit);
    }),
    { numRuns: 400 },
  );
});

test('what is selected and what --invert selects is all there is, each once', async () => {
  await fc.assert(
    fc.asyncProperty(FILE, RULES, async (spec, rules) => {
      const all = { ...rules, limit: Infinity };
      const [one, other] = [
        await select([spec], all),
        await select([spec], { ...all, invert: !rules.invert }),
      ];
      const whole = await select([spec], { proof: rules.proof === undefined ? undefined : 'none' });
      const linesOf = ({ text }: { text: string }): string[] => text.split('\n').slice(0, -1);
      expect([...linesOf(one), ...linesOf(other)].sort()).toEqual(linesOf(whole).sort());
    }),
    { numRuns: 100 },
  );
});

test('a sample has so many of the selected lines, in their order, and the same ones for the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(FILE, fc.integer({ min: 1, max: 40 }), fc.string(), async (spec, size, seed) => {
      const whole = (await select([spec], {})).text.split('\n').slice(0, -1);
      const sample = { size, seed };
      const { text, summary } = await select([spec], { sample });
      const lines = text.split('\n').slice(0, -1);
      expect(lines.length).toBe(Math.min(size, whole.length));
      expect(summary).toMatchObject({ selected: whole.length, written: lines.length });
      let at = -1;
      for (const line of lines) {
        at = whole.indexOf(line, at + 1);
        expect(at).not.toBe(-1);
      }
      expect((await select([spec], { sample })).text).toBe(text);
    }),
    { numRuns: 100 },
  );
});

test('each line is as likely to be in a sample as another, the first and the last among them', async () => {
  const lines = GOOD.slice(0, 20).map((text): Spec => ({ text, around: ['', ''] }));
  const spec = { lines, isTorn: false, kind: 'stream', pieceBytes: 100_000 };
  const hits = new Map<string, number>();
  for (let seed = 0; seed < 2000; seed++) {
    const { text } = await select([spec], { sample: { size: 5, seed: `${seed}` } });
    for (const line of text.split('\n').slice(0, -1)) hits.set(line, (hits.get(line) ?? 0) + 1);
  }
  expect(hits.size).toBe(20);
  // 500 each; six standard deviations are 116.
  for (const count of hits.values()) expect(Math.abs(count - 500)).toBeLessThan(116);
});
