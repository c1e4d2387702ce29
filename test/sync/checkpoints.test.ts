import { describe, expect, it } from 'vitest';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { httpAnswer, type RawServer } from '../mesh/raw-server.ts';
import { serveRaw, startBob, truth, walk, type Walked } from './walking.ts';

const PATH = '/api/checkpoints/all';
const large = makeHistory({ naras: 1, eventsPerNara: 3000 }).ledgers[0]!;
const checkpointsOf = (events: readonly SandboxEvent[]): string[] =>
  events.filter(({ svc }) => svc === 'checkpoint').map(({ line }) => line);
const all = checkpointsOf(large);
const [some] = all as [string];

function expectSame({ checkpointLines }: Walked, lines: readonly string[]): void {
  expect([...checkpointLines].sort()).toEqual([...lines].sort());
}

/** A peer with an empty ledger that says these pages of checkpoints one after another, the last one for ever. */
async function serveCheckpoints(...pages: string[]): Promise<RawServer> {
  let at = 0;
  return serveRaw((request, socket) => {
    if (request.startsWith(`GET ${PATH}`)) socket.write(httpAnswer(pages[Math.min(at++, pages.length - 1)]!));
    else socket.write(httpAnswer(request.startsWith('GET') ? '{}' : '{"events":null}'));
  });
}

describe('the checkpoints of a peer', () => {
  it('come beside its ledger, in one request, and are counted apart', async () => {
    const nara = await startBob();
    const walked = await walk(nara.url, { checkpoints: true });
    const { report } = await walk(nara.url);
    expectSame(walked, checkpointsOf(truth));
    expect(walked.report).toMatchObject({
      events: report.events,
      requests: report.requests,
      bytes: report.bytes,
    });
    expect(walked.report.checkpoints).toMatchObject({
      requests: 1,
      events: checkpointsOf(truth).length,
      repeats: 0,
      trouble: undefined,
    });
    expect(walked.report.checkpoints.bytes).toBeGreaterThan(checkpointsOf(truth).join('').length);
    const { name, path } = nara.requests.find((request) => request.path === PATH)!;
    expect([name, path]).toEqual(['', PATH]);
  });

  it.each([
    ['are not asked for unless they are wanted', { checkpoints: false }],
    ['nor where their service is not', { checkpoints: true, services: ['ping'] }],
  ])('%s', async (_what, options) => {
    const nara = await startBob();
    expectSame(await walk(nara.url, options), []);
    expect(nara.requests.some(({ path }) => path === PATH)).toBe(false);
  });

  it.each([
    ['refuses us', ['status:403'], 'PEER_REFUSED'],
    ['has a clock that is off', ['skew:90'], 'PEER_CLOCK'],
    ['fails', ['status:500'], 'PEER_STATUS'],
    ['signs with another key', ['wrong-key'], 'PEER_SIGNATURE'],
    ['gives no JSON', ['content-type'], 'PEER_CONTENT_TYPE'],
    ['breaks off', ['cut:2'], 'PEER_CUT'],
  ])('come from one that %s, too', async (_what, faults, code) => {
    const walked = await walk((await startBob(faults)).url, { checkpoints: true });
    expect(walked.codes).toEqual([code]);
    expect(walked.state).toBe(faults[0] === 'cut:2' ? 'incomplete' : 'failed');
    expectSame(walked, checkpointsOf(truth));
  });

  it('are no failure where there are none', async () => {
    const walked = await walk((await startBob(['no-checkpoints'])).url, { checkpoints: true });
    expect(walked).toMatchObject({ state: 'complete', report: { warnings: [], notes: [] } });
    expect(walked.report.checkpoints).toMatchObject({ requests: 1, events: 0, trouble: undefined });
  });

  it('are not waited for where nobody answers', async () => {
    const walked = await walk('http://127.0.0.1:1', { checkpoints: true });
    expect(walked.report.checkpoints).toMatchObject({ requests: 0, trouble: { code: 'PEER_UNREACHABLE' } });
  });

  it('are named as missing where the time was over before', async () => {
    const walked = await walk((await startBob(['hang:2'])).url, { checkpoints: true, timeoutMs: 300 });
    expect(walked.report.checkpoints).toMatchObject({ requests: 0, trouble: { code: 'PEER_TIMEOUT' } });
  });

  it.each([7, 13, 40])('come whole in pages of %i whose offsets shift', async (limit) => {
    expect(all.length).toBeGreaterThan(80);
    const nara = await startBob([`shift:${limit}`], { events: large });
    const walked = await walk(nara.url, { checkpoints: true, pageSize: 2000 });
    expectSame(walked, all);
    expect(walked.report.checkpoints.trouble).toBeUndefined();
    expect(walked.report.checkpoints.events).toBeGreaterThan(all.length);
  });
});

describe('trouble with checkpoints', () => {
  it.each([
    ['an error', 'PEER_STATUS', () => httpAnswer('no\n', [], '400 Bad Request')],
    ['a refusal', 'PEER_REFUSED', () => httpAnswer('no\n', [], '401 Unauthorized')],
    ['no JSON', 'PEER_MALFORMED', () => httpAnswer('<html>')],
    ['half of it', 'PEER_MALFORMED', () => httpAnswer(`{"checkpoints":[${some}`)],
    ['no list', 'PEER_MALFORMED', () => httpAnswer('{"count":0}')],
    ['a list given twice', 'PEER_MALFORMED', () => httpAnswer('{"checkpoints":[],"checkpoints":[]}')],
    ['a number for has_more', 'PEER_MALFORMED', () => httpAnswer('{"checkpoints":[],"has_more":1}')],
    ['too much', 'PEER_TOO_LARGE', () => httpAnswer(' '.repeat(300_000))],
    ['gzip', 'PEER_CONTENT_ENCODING', () => httpAnswer('x', ['Content-Encoding: gzip'])],
  ])('never makes a ledger incomplete: %s', async (_what, code, answer) => {
    const { url } = await serveRaw((request, socket) => {
      if (request.startsWith(`GET ${PATH}`)) socket.write(answer());
      else socket.write(httpAnswer(request.startsWith('GET') ? '{}' : '{"events":null}'));
    });
    const walked = await walk(url, {
      checkpoints: true,
      maxPageBytes: 200_000,
      beforeAgain: () => undefined,
    });
    expect(walked).toMatchObject({ state: 'complete', codes: [], checkpointLines: [], wentOn: false });
    expect(walked.report.checkpoints.trouble?.code).toBe(code);
  });

  it.each([
    ['the same page again and again', [`{"checkpoints":[${some}],"has_more":true}`], 2],
    ['that more follows, and nothing', ['{"checkpoints":null,"has_more":true}'], 1],
  ])('is to be told %s', async (_what, pages, requests) => {
    const server = await serveCheckpoints(...pages);
    const { report } = await walk(server.url, { checkpoints: true });
    expect(report.checkpoints).toMatchObject({ requests, trouble: { code: 'PEER_MALFORMED' } });
  });

  it('is an order that never settles: so many passes and no more', async () => {
    let at = 0;
    const server = await serveRaw((request, socket) => {
      if (!request.startsWith(`GET ${PATH}`)) {
        socket.write(httpAnswer(request.startsWith('GET') ? '{}' : '{"events":null}'));
        return;
      }
      const isSecond = request.includes('offset=1 ');
      socket.write(httpAnswer(`{"checkpoints":[${all[at++]!}],"has_more":${!isSecond}}`));
    });
    const { report, checkpointLines } = await walk(server.url, { checkpoints: true });
    expect(report.checkpoints).toMatchObject({ requests: 10, trouble: { code: 'PEER_MALFORMED' } });
    expect(report.checkpoints.trouble?.message).toBe('pass 5 over its checkpoints still added 2');
    expect(checkpointLines).toEqual(all.slice(0, 10));
  });

  it('is endless invention: it ends at the bound', async () => {
    let at = 0;
    const server = await serveRaw((request, socket) => {
      if (!request.startsWith(`GET ${PATH}`)) {
        socket.write(httpAnswer(request.startsWith('GET') ? '{}' : '{"events":null}'));
        return;
      }
      socket.write(httpAnswer(`{"checkpoints":[{"id":"invented ${at++}"}],"has_more":true}`));
    });
    const { report, state } = await walk(server.url, { checkpoints: true, maxPeerEvents: 50 });
    expect(state).toBe('complete');
    expect(report.checkpoints).toMatchObject({ events: 51, trouble: { code: 'PEER_ENDLESS' } });
  });

  it('that passes is mended in a second try of a ledger that was refused', async () => {
    let isBusy = true;
    const { url } = await serveRaw((request, socket) => {
      if (request.startsWith('POST')) socket.write(httpAnswer('no\n', [], '403 Forbidden'));
      else if (!request.startsWith(`GET ${PATH}`)) socket.write(httpAnswer('{}'));
      else if (isBusy) socket.write(httpAnswer('busy\n', [], '503 Service Unavailable'));
      else socket.write(httpAnswer(`{"checkpoints":[${some}]}`));
    });
    const beforeAgain = (): void => {
      isBusy = false;
    };
    const walked = await walk(url, { checkpoints: true, beforeAgain });
    expect(walked).toMatchObject({ codes: ['PEER_REFUSED'], wentOn: true, checkpointLines: [some] });
    expect(walked.report.checkpoints.trouble).toBeUndefined();
  });
});
