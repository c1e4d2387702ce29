import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { countBroken, judgeIntake } from '../../src/archive/line-intake.ts';
import { collectStats, type StatsSummary } from '../../src/archive/stats.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';

const EVENTS = makeHistory({ naras: 1, eventsPerNara: 600, pageSize: 50 }).ledgers[0]!;
const SIGNAL = new AbortController().signal;

async function statsOf(...texts: (Buffer | string)[]): Promise<StatsSummary> {
  const files = await Promise.all(
    texts.map((text, at) => LineFile.ofStream(`file ${at}`, Readable.from([Buffer.from(text)]))),
  );
  return collectStats({ files, signal: SIGNAL });
}

function seenAt(tsNs: bigint, via = 'mesh'): string {
  return makeEvent({ tsNs, svc: 'seen', payload: { observer: 'a', subject: 'b', via } }).line;
}

/** The slow and obvious way. */
function naiveStats(lines: readonly string[]): Record<string, unknown> {
  const counts: Record<string, Record<string, number>> = { svc: {}, emitter: {}, month: {}, hour: {} };
  const rtts: Record<string, number[]> = {};
  const restarts: Record<string, Set<string>> = {};
  for (const line of lines) {
    const event = JSON.parse(line) as Parsed;
    const time = new Date(Number(BigInt(/"ts":(-?\d+)/.exec(line)![1]!) / 1_000_000n)).toISOString();
    const keys = {
      svc: event.svc,
      emitter: event.emitter ?? '',
      month: time.slice(0, 7),
      hour: time.slice(0, 13),
    };
    for (const [table, key] of Object.entries(keys)) counts[table]![key] = (counts[table]![key] ?? 0) + 1;
    const { ping, observation } = event;
    if (ping) (rtts[`${ping.observer} ${ping.target}`] ??= []).push(ping.rtt);
    if (observation?.type === 'restart')
      (restarts[observation.subject] ??= new Set()).add(
        `${observation.restart_num} ${observation.start_time}`,
      );
  }
  const middle = (values: number[], part: number): number =>
    values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1]!;
  return {
    ...counts,
    rtts: mapOf(rtts, (values) => [values.length, middle(values, 0.5), middle(values, 0.95)]),
    restarts: mapOf(restarts, (seen) => seen.size),
  };
}

interface Parsed {
  readonly svc: string;
  readonly emitter?: string;
  readonly ping?: { readonly observer: string; readonly target: string; readonly rtt: number };
  readonly observation?: {
    readonly type: string;
    readonly subject: string;
    readonly restart_num?: number;
    readonly start_time?: number;
  };
}

function mapOf<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

test('counts what JSON.parse and a few maps count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(
        EVENTS.map(({ line }) => line),
        { minLength: 1 },
      ),
      async (lines) => {
        const stats = await statsOf(lines.map((line) => `${line}\n`).join(''));
        const naive = naiveStats(lines);
        const byName = (rows: readonly { name: string; events: number }[]): object =>
          Object.fromEntries(rows.map(({ name, events }) => [name, events]));
        expect(byName(stats.services.rows)).toEqual(naive['svc']);
        expect(byName(stats.emitters.rows)).toEqual(naive['emitter']);
        expect(byName(stats.months)).toEqual(naive['month']);
        const hours = Object.entries(naive['hour'] as Record<string, number>);
        const [hour] = hours.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]!;
        expect(new Date(stats.busiestHour!.startMs).toISOString().slice(0, 13)).toBe(hour);
        const rtts = stats.pairs.rows.map(({ observer, target, events, rtt }) => [
          `${observer} ${target}`,
          [events, rtt.quantile(0.5), rtt.quantile(0.95)],
        ]);
        expect(Object.fromEntries(rtts)).toEqual(naive['rtts']);
        const restarts = stats.restarts.rows.map((row) => [row.nara, row.restarts.estimate()]);
        expect(Object.fromEntries(restarts)).toEqual(naive['restarts']);
        const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
        const signed = lines.filter((line) => /"emitter":".*"sig":"/.test(line)).length;
        expect(stats).toMatchObject({ events: lines.length, bytes, signed });
      },
    ),
    { numRuns: 30 },
  );
});

describe('time', () => {
  test('reaches as far as an int64 of nanoseconds, and makes no table of centuries', async () => {
    const ends = [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n];
    const stats = await statsOf(ends.map((tsNs) => `${seenAt(tsNs)}\n`).join(''));
    expect(stats).toMatchObject({ events: 4, firstTsNs: ends[0], lastTsNs: ends[3] });
    expect(stats.months.map(({ name }) => name)).toEqual(['1677-09', '1969-12', '1970-01', '2262-04']);
    expect(stats.timeline!.counts.length).toBeLessThanOrEqual(60);
  });

  test('the nanosecond before a full hour is in the hour before', async () => {
    const hourNs = 3_600_000_000_000n;
    const at = 490_000n * hourNs;
    const stats = await statsOf([at - 1n, at, at + 1n].map((tsNs) => `${seenAt(tsNs)}\n`).join(''));
    expect(stats.busiestHour).toEqual({ startMs: 490_000 * 3_600_000, events: 2, missing: 0 });
  });

  test('with more hours than are counted the busiest is found all the same, and what it may lack is said', async () => {
    const hourNs = 3_600_000_000_000n;
    const lines = Array.from({ length: 70_000 }, (_, hour) => `${seenAt(BigInt(hour) * hourNs)}\n`);
    for (let more = 0; more < 50; more++) {
      lines.splice(
        more * 1000,
        0,
        `${seenAt(400_000n * hourNs, `v${more}`)}
`,
      );
    }
    const { busiestHour, timeline, months } = await statsOf(lines.join(''));
    expect(busiestHour!.startMs).toBe(400_000 * 3_600_000);
    expect(busiestHour!.events + busiestHour!.missing).toBeGreaterThanOrEqual(50);
    expect(busiestHour!.events).toBeLessThanOrEqual(50);
    expect(timeline!.unit).toBe('month');
    expect(months.reduce((sum, { events }) => sum + events, 0)).toBe(70_050);
  });
});

describe('what is no event of a backup', () => {
  test('is counted apart, line by line', async () => {
    const good = seenAt(1n);
    const text = [
      good,
      '',
      'no json',
      good.replace('"ts":1', '"ts":2'),
      good.replace('"svc"', '"Svc"'),
      good.replace('{', '{"id":"12345678",'),
      '1',
      good.slice(0, 50),
    ];
    const { events, input } = await statsOf(text.join('\n'));
    expect({ events, input }).toEqual({
      events: 1,
      input: {
        events: 5,
        blank: 1,
        broken: { 'no JSON': 1, torn: 1, 'too long': 0 },
        misfits: 1,
        hostile: new Map([
          ['folded-key', 1],
          ['duplicate-key', 1],
          ['wrong-type', 1],
        ]),
        empty: [],
        damage: [],
      },
    });
    expect(judgeIntake(input)).toBeUndefined();
  });

  test('a last event without a line end counts, as do those behind CRLF and blanks', async () => {
    expect((await statsOf(` ${seenAt(1n)} \r\n${seenAt(2n)}`)).events).toBe(2);
  });

  test.each([
    ['UTF-16 with its mark', Buffer.from(`\ufeff${seenAt(1n)}\n`, 'utf16le'), 'NOT_READ_WHOLE'],
    ['UTF-16 without it', Buffer.from(`${seenAt(1n)}\n`, 'utf16le'), 'NOT_READ_WHOLE'],
    ['bytes', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256)), 'NO_EVENTS'],
    ['a gzip that is cut', gzipSync(`${seenAt(1n)}\n`).subarray(0, 60), 'NOT_READ_WHOLE'],
    ['a line of 17 MiB', `"${'x'.repeat(17 * 1024 * 1024)}"\n${seenAt(1n)}\n`, 'NOT_READ_WHOLE'],
    ['nothing', '', undefined],
    ['gzip members', Buffer.concat([gzipSync(`${seenAt(1n)}\n`), gzipSync(seenAt(2n))]), undefined],
  ])('%s', async (_, content, code) => {
    const { input, events } = await statsOf(content);
    expect(judgeIntake(input)?.code).toBe(code);
    if (code === undefined) expect([countBroken(input), events]).toEqual([0, content.length > 0 ? 2 : 0]);
  });

  test('an empty file among others is named', async () => {
    const { input } = await statsOf('', seenAt(1n));
    expect(input).toMatchObject({ empty: ['file 0'], damage: [] });
  });
});

describe('memory', () => {
  test('names that somebody makes up do not push out real ones', async () => {
    const lines = Array.from({ length: 30_000 }, (_, at) => {
      const observer = at % 10 === 0 ? 'alice' : `made-up-${at}`;
      return makeEvent({ tsNs: BigInt(at), svc: 'ping', payload: { observer, target: 'bob', rtt: at % 10 } })
        .line;
    });
    const { pairs } = await statsOf(lines.join('\n'));
    expect(pairs.rows.length).toBeLessThanOrEqual(4096);
    expect(pairs.bound).toBeLessThanOrEqual(14);
    const [first] = pairs.rows;
    expect(first).toMatchObject({ observer: 'alice', target: 'bob', events: 3000 });
    expect(pairs.rows.reduce((sum, { events }) => sum + events, pairs.rest.events)).toBe(30_000);
    expect(pairs.rest.rtt.count).toBe(pairs.rest.events);
  });

  test('a name as long as an event may be is kept short, and stays apart from one that begins alike', async () => {
    const long = 'x'.repeat(1024 * 1024);
    const lines = ['1', '2'].map((end, at) => seenAt(BigInt(at)).replace('"seen"', `"${long}${end}"`));
    const { services } = await statsOf(lines.join('\n'));
    expect(services.rows.map(({ name }) => name.length)).toEqual([81, 81]);
  });

  test('two names in a row are never taken for two others', async () => {
    const pair = (observer: string, target: string): string =>
      makeEvent({ tsNs: 1n, svc: 'ping', payload: { observer, target, rtt: 1 } }).line;
    const { pairs } = await statsOf([pair('ab', 'c'), pair('a', 'bc'), pair('', 'abc')].join('\n'));
    expect(pairs.rows).toHaveLength(3);
  });
});

test('stops when the signal comes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'a'), seenAt(1n));
  const file = (await LineFile.open(join(folder, 'a')))!;
  const reason = new Error('stopped');
  await expect(collectStats({ files: [file], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await file.close();
});
