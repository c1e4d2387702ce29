import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { INT64_MIN } from '../../src/sync/page-step.ts';
import { asked, lostInSilence, startBob, walk, type Walked } from './walking.ts';

const large = makeHistory({ naras: 1, eventsPerNara: 2600 }).ledgers[0]!;
const larger = makeHistory({ naras: 1, eventsPerNara: 9000, seed: 2 }).ledgers[0]!;

/** Events of a service that no nara of today knows, among the oldest. */
const dreams = Array.from({ length: 30 }, (_, at) =>
  makeEvent({ tsNs: large[at]!.tsNs, svc: 'dream', payload: { of: `sheep ${at}` } }),
);

function expectAll(walked: Walked, wanted: readonly SandboxEvent[]): void {
  expect(walked).toMatchObject({ state: 'complete', codes: [], report: { proven: true } });
  const got = new Set(walked.lines);
  expect(wanted.filter(({ line }) => !got.has(line))).toEqual([]);
}

describe('an old server, which sorts ties in another order each time', () => {
  it.each([
    ['asked for 2000', {}],
    ['asked for 5000', { pageSize: 5000 }],
    ['asked for 20', { pageSize: 20 }],
    ['until a time before its newest events', { untilNs: large[100]!.tsNs }],
  ])('gives all it holds, by services and slices: %s', async (_what, options) => {
    const nara = await startBob(['legacy'], { events: large });
    const walked = await walk(nara.url, { pageSize: 2000, ...options });
    expectAll(walked, large);
    // Nothing is passed on twice but the newest 2000, which were given before it was known for what it is.
    expect(walked.lines.length).toBe(new Set(walked.lines).size + 2000);
    expect(walked.report.events - walked.report.repeats).toBe(walked.lines.length);
  });

  it('is asked once where it holds less than it gives', async () => {
    const nara = await startBob(['legacy'], { events: large.slice(0, 1999) });
    expectAll(await walk(nara.url, { pageSize: 2000 }), large.slice(0, 1999));
    expect(asked(nara)).toHaveLength(1);
  });

  it('is asked for what is newer than a time, itself included', async () => {
    const sinceNs = large[300]!.tsNs;
    const nara = await startBob(['legacy'], { events: large });
    expectAll(
      await walk(nara.url, { sinceNs, pageSize: 2000 }),
      large.filter(({ tsNs }) => tsNs >= sinceNs),
    );
    const slices = nara.requests.map(({ body }) => body).filter((body) => body.includes('since_time'));
    expect(slices.length).toBeGreaterThan(1);
    expect(slices.every((body) => body.includes(`"since_time":${sinceNs - 1n},`))).toBe(true);
  });

  it('is asked once for the news where they fit one answer', async () => {
    const nara = await startBob(['legacy'], { events: large });
    const sinceNs = large[2000]!.tsNs;
    expectAll(await walk(nara.url, { sinceNs, pageSize: 2000 }), large.slice(2000));
    expect(asked(nara)).toHaveLength(2);
  });

  it('gives services that nobody named, and is asked for them', async () => {
    const nara = await startBob(['legacy'], { events: [...large, ...dreams] });
    expectAll(await walk(nara.url, { pageSize: 2000 }), dreams);
    expect(asked(nara).some(({ services }) => services?.join() === 'dream')).toBe(true);
  });

  it('is asked for the services that were named only', async () => {
    const nara = await startBob(['legacy'], { events: larger });
    const services = ['ping', 'observation'];
    const wanted = larger.filter(({ svc }) => services.includes(svc));
    expect(wanted.length).toBeGreaterThan(4000);
    expectAll(await walk(nara.url, { services, pageSize: 2000 }), wanted);
    expect(asked(nara).every((one) => one.services?.every((svc) => services.includes(svc)))).toBe(true);
  });

  it('gives all that stays in a ledger that moves', async () => {
    const nara = await startBob(['legacy', 'moving'], { events: larger });
    const atStart = new Set(nara.ledger);
    const walked = await walk(nara.url, { pageSize: 2000 });
    expect(nara.ledger.some((event) => !atStart.has(event))).toBe(true);
    expectAll(
      walked,
      nara.ledger.filter((event) => atStart.has(event)),
    );
  });

  it('is named where its slices do not settle, with how many the last round added', async () => {
    const twoNaras = Array.from({ length: 9000 }, (_, at) =>
      makeEvent({ tsNs: 5n, svc: 'seen', payload: { observer: 'a', subject: 'b', via: `${at}` } }),
    );
    const nara = await startBob(['legacy'], { events: twoNaras });
    const walked = await walk(nara.url, { pageSize: 2000 });
    expect(walked).toMatchObject({ state: 'incomplete', codes: ['PEER_LEGACY'] });
    const [flaw] = walked.report.flaws;
    expect(flaw?.error.message).toMatch(
      /^an old server .* 8 rounds did not settle, the last added \d+ events$/,
    );
    expect(flaw?.fromNs).toBe(INT64_MIN + 1n);
    expect(lostInSilence(nara, walked)).toEqual([]);
  });

  it.each([
    ['time', { timeoutMs: 700 }, ['legacy', 'delay:60'], 'PEER_TIMEOUT'],
    ['bytes', { maxPeerBytes: 1_500_000 }, ['legacy'], 'PEER_ENDLESS'],
  ])('costs no more than its %s, and is named from its start', async (_what, bounds, faults, code) => {
    const nara = await startBob(faults, { events: larger });
    const walked = await walk(nara.url, { pageSize: 2000, ...bounds });
    expect(walked).toMatchObject({ state: 'incomplete', codes: [code] });
    expect(walked.report.flaws[0]?.fromNs).toBe(INT64_MIN + 1n);
    expect(walked.lines.length).toBeGreaterThanOrEqual(2000);
  });

  it('whose slices are cut, broken or falsely signed is tried again, or named', async () => {
    for (const [fault, code] of [
      ['cut:6', 'PEER_CUT'],
      ['malformed:6', 'PEER_MALFORMED'],
      ['bad-signature:6', 'PEER_SIGNATURE'],
      ['unsigned', 'PEER_UNSIGNED'],
    ] as const) {
      const nara = await startBob(['legacy', fault], { events: large });
      const walked = await walk(nara.url, { pageSize: 2000 });
      expect(walked.codes).toEqual([code]);
      expect(lostInSilence(nara, walked)).toEqual([]);
    }
    const flaky = await startBob(['legacy', 'flaky:3'], { events: large });
    expectAll(await walk(flaky.url, { pageSize: 2000 }), large);
  });

  it('goes on in a second try', async () => {
    const nara = await startBob(['legacy', 'flaky:9'], { events: large });
    const retry = { maxTries: 1, firstDelayMs: 1, maxDelayMs: 1 };
    const walked = await walk(nara.url, { pageSize: 2000, retry, beforeAgain: () => undefined });
    expect(walked.wentOn).toBe(true);
    expect(lostInSilence(nara, walked)).toEqual([]);
  });
});

describe('a current server', () => {
  const cursors = (nara: SandboxNara): string[] => asked(nara).map(({ cursor }) => cursor);

  it('is none of them, though its last page holds as much', async () => {
    const nara = await startBob([], { events: large });
    expectAll(await walk(nara.url, { pageSize: 5000 }), large);
    expect(cursors(nara)).toEqual([String(INT64_MIN), String(large.at(-1)!.tsNs)]);
  });

  it('may move: all that stays comes in pages', async () => {
    const nara = await startBob(['moving'], { events: larger });
    const atStart = new Set(nara.ledger);
    const walked = await walk(nara.url, { pageSize: 200 });
    expectAll(
      walked,
      nara.ledger.filter((event) => atStart.has(event)),
    );
  });
});
