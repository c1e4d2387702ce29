import { describe, expect, test } from 'vitest';
import { PublicKey } from '../../src/identity/keypair.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { parsePeer, type PeerAddress } from '../../src/mesh/peer-list.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { NaraOptions, SandboxNara } from '../../src/sandbox/nara.ts';
import { surveyPeer, type PeerSurvey, type SurveyOptions } from '../../src/sync/survey-peer.ts';
import { judgeSurveys, surveyPeers } from '../../src/sync/survey-peers.ts';
import { httpAnswer } from '../mesh/raw-server.ts';
import { alice, bob, serveRaw, startBob, TEST_OPTIONS, truth } from './walking.ts';

const NOW_MS = 1_769_904_000_000;

async function survey(peer: PeerAddress | string, changes: Partial<SurveyOptions> = {}): Promise<PeerSurvey> {
  const http = new PeerHttp({ connectTimeoutMs: 5000 });
  try {
    const { signal } = new AbortController();
    return await surveyPeer(typeof peer === 'string' ? parsePeer(peer) : peer, {
      ...TEST_OPTIONS,
      http,
      signal,
      ...changes,
    });
  } finally {
    await http.close();
  }
}

/** bob at a moment that stands still. */
function startStill(faults: readonly string[], more: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  return startBob(faults, { clock: () => BigInt(NOW_MS) * 1_000_000n, ...more });
}

const still = { now: () => NOW_MS };

describe('a peer that lets us in', () => {
  test('who it is, what it holds, and its clock', async () => {
    const nara = await startStill(['skew:-7']);
    const found = await survey(nara.url, still);
    expect(found).toMatchObject({
      label: 'bob',
      claimedName: 'bob',
      publicKey: bob.publicKey,
      isProven: true,
      clockOffsetMs: -7000,
      mode: 'page',
      letsUsIn: true,
      events: truth.length,
      isExact: true,
      firstTsNs: truth[0]!.tsNs,
      lastTsNs: truth.at(-1)!.tsNs,
      trouble: undefined,
      warnings: [],
    });
    expect(found.latencyMs).toBeGreaterThan(0);
    const paths = nara.requests.map(({ method, path }) => `${method} ${path}`);
    expect(paths).toEqual([
      'GET /ping',
      'GET /ping',
      'POST /events/sync',
      'POST /events/sync',
      'POST /events/sync',
      'GET /api/inspector/events',
    ]);
    expect(nara.lost).toEqual([]);
  });

  test.each([
    ['page', []],
    ['legacy', ['legacy']],
  ])('%s servers of any size are counted to the last event', async (mode, faults) => {
    for (const eventsPerNara of [0, 1, 2, 1023, 1024, 1025, 5000, 20_000]) {
      const { ledgers } = makeHistory({ naras: 2, eventsPerNara, pageSize: 100 });
      const events = ledgers[1]!;
      const { url } = await startBob(faults, { events });
      expect(await survey(url), `${eventsPerNara}`).toMatchObject({
        mode: eventsPerNara === 0 ? undefined : mode,
        events: eventsPerNara,
        isExact: true,
        firstTsNs: events[0]?.tsNs,
        lastTsNs: events.at(-1)?.tsNs,
      });
    }
  });

  test.each([['legacy'], ['delay:0']])('%s: a burst of one time does not blur the count', async (fault) => {
    const { ledgers } = makeHistory({ naras: 2, eventsPerNara: 6000, middleBurst: 5500, pageSize: 100 });
    const { url } = await startBob([fault], { events: ledgers[1]! });
    expect(await survey(url)).toMatchObject({ events: 6000, isExact: true });
  });

  test('a ledger that moves is counted about', async () => {
    const { ledgers } = makeHistory({ naras: 2, eventsPerNara: 3000, pageSize: 100 });
    const { url } = await startBob(['moving'], { events: ledgers[1]! });
    const { events, trouble } = await survey(url);
    expect(trouble).toBeUndefined();
    expect(events).toBeGreaterThan(2500);
    expect(events).toBeLessThan(3100);
  });

  test('its ID, from what it signed itself', async () => {
    const parts = { tsNs: 5n, svc: 'chau', payload: { From: 'bob', PublicKey: '', ID: '', Signature: '' } };
    const own = makeEvent({ ...parts, signer: bob, withEmitterId: true });
    const { url } = await startBob([], { events: [own] });
    expect((await survey(url)).naraId).toBe(bob.naraId);

    const forged = makeEvent({ ...parts, signer: { ...alice, name: 'bob' }, withEmitterId: true });
    const others = makeEvent({ ...parts, signer: alice, withEmitterId: true });
    const silent = makeEvent({ ...parts, signer: bob });
    const { url: other } = await startBob([], { events: [forged, others, silent] });
    expect((await survey(other)).naraId).toBeUndefined();
  });
});

describe('a web port', () => {
  test('tells the exact total to everybody', async () => {
    const { url } = await startBob([], { door: 'web', knownKeys: new Map() });
    expect(await survey(url)).toMatchObject({
      letsUsIn: false,
      events: truth.length,
      isExact: true,
      trouble: { code: 'PEER_UNKNOWN_SENDER' },
    });
    expect(await survey(url, { requester: undefined })).toMatchObject({
      letsUsIn: undefined,
      events: truth.length,
      trouble: undefined,
    });
  });
});

describe('without a soul', () => {
  test('nothing is signed, and what needs no signature is known', async () => {
    const nara = await startStill([]);
    expect(await survey(nara.url, { ...still, requester: undefined })).toMatchObject({
      claimedName: 'bob',
      publicKey: bob.publicKey,
      isProven: false,
      clockOffsetMs: 0,
      letsUsIn: undefined,
      events: undefined,
      trouble: undefined,
    });
    expect(nara.requests.filter(({ path }) => path === '/events/sync')).toEqual([]);
  });
});

describe('trouble', () => {
  test.each<[string, Partial<NaraOptions>, string, boolean | undefined]>([
    ['delay:0', { knownKeys: new Map() }, 'PEER_UNKNOWN_SENDER', false],
    ['delay:0', { knownKeys: new Map([['alice', bob.publicKey]]) }, 'PEER_WRONG_SOUL', false],
    ['skew:31', {}, 'PEER_CLOCK', false],
    ['wrong-key', {}, 'PEER_SIGNATURE', undefined],
    ['unsigned', {}, 'PEER_UNSIGNED', undefined],
    ['malformed', {}, 'PEER_MALFORMED', undefined],
    ['no-sync', {}, 'PEER_STATUS', undefined],
    ['status:403', {}, 'PEER_REFUSED', false],
    ['status:503', {}, 'PEER_STATUS', undefined],
    ['redirect', {}, 'PEER_REDIRECT', undefined],
    ['html', {}, 'PEER_CONTENT_TYPE', undefined],
    ['cut', {}, 'PEER_CUT', undefined],
    ['huge', {}, 'PEER_TOO_LARGE', undefined],
  ])('%s, %j: %s', async (fault, options, code, letsUsIn) => {
    const { url } = await startStill([fault], options);
    const found = await survey(url, still);
    expect(found).toMatchObject({ letsUsIn, trouble: { code }, events: undefined, isExact: false });
    expect(found.isProven).toBe(fault === 'malformed'); // which is signed
    expect(found.latencyMs).toBeGreaterThan(0);
  });

  test('what fails after the first answer leaves what is known', async () => {
    const { url } = await startBob(['status:404:2']);
    expect(await survey(url)).toMatchObject({
      letsUsIn: true,
      mode: 'page',
      isProven: true,
      firstTsNs: truth[0]!.tsNs,
      trouble: { code: 'PEER_STATUS' },
    });
  });

  test('a peer without /ping is looked at all the same', async () => {
    const { url } = await startBob(['no-ping']);
    const found = await survey(`bobby=${url}`);
    expect(found).toMatchObject({ label: 'bobby', isProven: false, letsUsIn: true, events: truth.length });
    expect(found.clockOffsetMs).toBeUndefined();
    expect(found.warnings).toContain('shows no key: its answers prove nothing');
  });

  test('silent ones, absent ones, and those with another key', async () => {
    const silent = await serveRaw(() => undefined);
    expect(await survey(silent.url, { timeoutMs: 50 })).toMatchObject({
      letsUsIn: undefined,
      trouble: { code: 'PEER_SILENT' },
    });
    await silent.close();
    expect(await survey(silent.url)).toMatchObject({ trouble: { code: 'PEER_UNREACHABLE' } });

    const { url } = await startBob();
    const pinned = { ...parsePeer(url), publicKey: PublicKey.parse(alice.publicKey) };
    expect(await survey(pinned)).toMatchObject({ claimedName: 'bob', trouble: { code: 'PEER_KEY' } });
  });

  test('odd clocks are no clocks', async () => {
    for (const t of ['"soon"', '-5', 'null', '1e999']) {
      const { url } = await serveRaw((_, socket) => {
        socket.write(httpAnswer(`{"from":"eve","t":${t}}`));
      });
      expect(await survey(url, { requester: undefined }), t).toMatchObject({
        claimedName: 'eve',
        clockOffsetMs: undefined,
      });
    }
  });

  test('the end of the whole is the end of each', async () => {
    const { url } = await startBob(['hang']);
    const stop = new AbortController();
    const ended = survey(url, { signal: stop.signal });
    stop.abort();
    expect(await ended).toMatchObject({ trouble: { code: 'INTERRUPTED' } });
  });
});

test('peers come in their order, and what they come to gives the status', async () => {
  const good = await startBob();
  const strange = await startBob([], { knownKeys: new Map([['alice', bob.publicKey]]) });
  const gone = await startBob();
  await gone.close();
  const http = new PeerHttp({ connectTimeoutMs: 5000 });
  const { signal } = new AbortController();
  const judge = async (urls: string[]): Promise<string | undefined> => {
    const surveys = await surveyPeers(urls.map(parsePeer), 2, { ...TEST_OPTIONS, http, signal });
    expect(surveys.map(({ url }) => url)).toEqual(urls.map((url) => `${url}/`));
    return judgeSurveys(surveys)?.code;
  };
  expect(await judge([])).toBe('NO_PEERS');
  expect(await judge([good.url])).toBeUndefined();
  expect(await judge([gone.url, good.url, strange.url])).toBe('INCOMPLETE');
  expect(await judge([strange.url])).toBe('PEER_WRONG_SOUL');
  expect(await judge([gone.url])).toBe('PEER_SILENT');
  expect(await judge([gone.url, strange.url])).toBe('NOTHING_FETCHED');
  await http.close();
});
