import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseKeyList } from '../../src/event/key-list.ts';
import { EventsProbe, type EventsProbeOptions } from '../../src/keeping/events-probe.ts';
import { listFolder } from '../../src/keeping/list-folder.ts';
import type { NoBackup, Probed } from '../../src/keeping/probe.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { ALICE, BOB, greeting, sight, textOf } from '../archive/verifying.ts';
import { backupOf, makeFolder, receiptOf } from './backups.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const TEXT = backupOf('2026-11-20T03:00:00Z');
const ENDED = '2026-11-20T04:00:00.123Z';

async function probe(...args: Parameters<typeof look>): Promise<Probed> {
  const probed = await look(...args);
  if ('reason' in probed) throw new Error(probed.reason);
  return probed;
}

async function look(
  backup: string | Uint8Array,
  receipt?: Uint8Array,
  options: EventsProbeOptions = {},
): Promise<Probed | NoBackup> {
  const folder = await makeFolder({ 'a.jsonl': backup });
  if (receipt !== undefined) await writeFile(join(folder, 'a.jsonl.receipt'), receipt);
  const [file] = (await listFolder(folder)).files;
  return new EventsProbe(options).probe(file!, { nowMs: NOW, signal: new AbortController().signal });
}

const event = (tsNs: bigint): string => greeting(ALICE, 0, ALICE, tsNs);
const ns = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;

describe('without a receipt', () => {
  test('the newest event says the time, in whatever order they are, plain and gzip', async () => {
    const lines = [event(ns('2026-11-20T03:00:00Z') + 999_999n), event(ns('2026-11-01T00:00:00Z'))];
    for (const backup of [textOf(lines), gzipSync(textOf(lines))]) {
      expect(await probe(backup)).toEqual({
        series: 'without a receipt',
        time: { timeMs: Date.parse('2026-11-20T03:00:00Z'), by: 'event' },
        flaws: [],
      });
    }
  });

  test('events of the future do not count, and if all are, nothing tells', async () => {
    const hostile = event(9_000_000_000_000_000_000n); // 2255
    const { time, flaws } = await probe(textOf([event(ns('2026-11-20T03:00:00Z')), hostile]));
    expect({ time, flaws }).toEqual({
      time: { timeMs: Date.parse('2026-11-20T03:00:00Z'), by: 'event' },
      flaws: [],
    });
    expect((await probe(textOf([hostile]))).time).toBeUndefined();
  });

  test('events of services that nobody knows prove no time', async () => {
    const [line] = [makeEvent({ tsNs: ns('2026-11-20T03:00:00Z'), svc: 'seen', payload: seen() }).line];
    const unknown = line.replace('"svc":"seen"', '"svc":"xxxx"');
    const { time } = await probe(textOf([event(ns('2026-11-01T00:00:00Z')), unknown]));
    expect(time?.timeMs).toBe(Date.parse('2026-11-01T00:00:00Z'));
  });

  test.each([
    ['a line that is no event', `${TEXT}garbage\n`, /1 not-json/],
    [
      'an ID that does not fit',
      textOf([sight('alice', 10), sight('alice', 11).replace('mesh 11', 'mesh 12')]),
      /misfit/,
    ],
    ['a torn end', TEXT.slice(0, -20), /in the middle of a line/],
    ['damage', gzipSync(TEXT).subarray(0, -9), /damaged/],
  ])('%s is a flaw', async (_, backup, flaw) => {
    const { flaws } = await probe(backup);
    expect(flaws.join()).toMatch(flaw);
  });

  test('what holds no event whose ID fits is no backup: a stash, say, or a list', async () => {
    for (const text of ['{}\n', '{"version":1}\n{"a":2}\n', '{"a": [\n  1\n]}', gzipSync('{}\n')])
      expect(await look(text)).toEqual({ reason: 'no event whose ID fits is in it' });
    // With a receipt it was one.
    expect((await probe('{}\n', receiptOf(TEXT, ENDED))).flaws).toHaveLength(1);
  });

  test('a false signature is one where signatures are wanted', async () => {
    const [one, other] = [10, 11].map((at) => sight('alice', at, ALICE)) as [string, string];
    const signatureOf = (line: string): string => /"sig":"([^"]+)"/.exec(line)![1]!;
    const forged = textOf([greeting(ALICE), one, other.replace(signatureOf(other), signatureOf(one))]);
    expect((await probe(forged)).flaws).toEqual([]);
    expect((await probe(forged, undefined, { checkSignatures: true })).flaws.join()).toMatch(/bad-signature/);
  });
});

describe('with a receipt', () => {
  const series = `alice ${ALICE.publicKey}`;

  test('the time is the one under its signature, and the series is who signed', async () => {
    expect(await probe(TEXT, receiptOf(TEXT, ENDED))).toEqual({
      series,
      time: { timeMs: Date.parse(ENDED), by: 'signature' },
      flaws: [],
    });
  });

  test('of another file, it is a flaw, and its time does not count', async () => {
    const { flaws, time } = await probe(TEXT, receiptOf(backupOf('2026-11-19T03:00:00Z'), ENDED));
    expect(flaws.join()).toMatch(/SHA-256/);
    expect(time?.by).toBe('event');
  });

  test('changed, its name and key prove nothing, and nothing stands for the backup', async () => {
    const changed = Buffer.from(receiptOf(TEXT, ENDED).toString().replace('04:00', '05:00'));
    const { flaws, series: found, time } = await probe(TEXT, changed);
    expect(flaws.join()).toMatch(/signature is false/);
    expect([found, time?.by]).toEqual(['a.jsonl with a receipt that does not hold', 'event']);
  });

  test('that says no time is a flaw', async () => {
    expect((await probe(TEXT, receiptOf(TEXT, 'yesterday'))).flaws).toEqual(['its receipt says no time']);
  });

  test.each<[string, Parameters<typeof receiptOf>[3], string]>([
    ['whole', { exitStatus: 0, command: ['dump-events', '--name', 'alice', '-o', 'since'] }, ''],
    ['partial', { exitStatus: 3 }, ' partial'],
    ['stopped', { exitStatus: 130, command: [] }, ' partial'],
    [
      'filtered',
      { exitStatus: 0, command: ['dump-events', '--svc', 'social', '--nara=bob', '--svc=seen'] },
      ' --nara=bob --svc=seen --svc=social',
    ],
    ['from a time on', { exitStatus: 0, command: ['dump-events', '--since', '30d'] }, ' --since=30d'],
    ['both', { exitStatus: 3, command: ['dump-events', '--until'] }, ' partial --until='],
  ])('of a dump that is %s: a series of its own', async (_, more, limits) => {
    const { series: found, flaws } = await probe(TEXT, receiptOf(TEXT, ENDED, ALICE, more));
    expect([found, flaws]).toEqual([`${series}${limits}`, []]);
  });

  test('by somebody else is another series, and with --keys a flaw', async () => {
    const others = receiptOf(TEXT, ENDED, BOB);
    expect(await probe(TEXT, others)).toMatchObject({ series: `bob ${BOB.publicKey}`, flaws: [] });
    const pinnedKeys = parseKeyList(`alice ${ALICE.publicKey}`);
    expect((await probe(TEXT, receiptOf(TEXT, ENDED), { pinnedKeys })).flaws).toEqual([]);
    expect((await probe(TEXT, others, { pinnedKeys })).flaws.join()).toMatch(/not vouched for/);
  });
});

function seen(): { observer: string; subject: string; via: string } {
  return { observer: 'a', subject: 'b', via: 'c' };
}
