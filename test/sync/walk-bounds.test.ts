import { describe, expect, it, vi } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { parsePeer } from '../../src/mesh/peer-list.ts';
import { INT64_MAX, INT64_MIN } from '../../src/sync/page-step.ts';
import { httpAnswer } from '../mesh/raw-server.ts';
import { walkPeer } from '../../src/sync/walk-peer.ts';
import { walkState } from '../../src/sync/walk-report.ts';
import { asked, lostInSilence, serveRaw, startBob, TEST_OPTIONS, truth, walk } from './walking.ts';

const times = [...new Set(truth.map(({ tsNs }) => tsNs))];
const middle = times[Math.floor(times.length / 2)]!;

describe('the time', () => {
  it('is inclusive at its start: the first cursor lies just before', async () => {
    const nara = await startBob();
    const walked = await walk(nara.url, { sinceNs: middle });
    expect(new Set(walked.lines)).toEqual(
      new Set(truth.filter(({ tsNs }) => tsNs >= middle).map(({ line }) => line)),
    );
    expect(asked(nara)[0]?.cursor).toBe(String(middle - 1n));
    expect(walked.state).toBe('complete');
  });

  it('is exclusive at its end: no page is asked for that can hold nothing of before', async () => {
    const nara = await startBob();
    const walked = await walk(nara.url, { untilNs: middle });
    const got = new Set(walked.lines);
    for (const { tsNs, line } of truth) if (tsNs < middle) expect(got.has(line)).toBe(true);
    expect(walked.state).toBe('complete');
    expect(asked(nara).every(({ cursor }) => BigInt(cursor) + 1n < middle)).toBe(true);
    expect(asked(nara).length).toBeLessThan(asked(await walkedWhole()).length);
  });

  async function walkedWhole(): Promise<Awaited<ReturnType<typeof startBob>>> {
    const nara = await startBob();
    await walk(nara.url);
    return nara;
  }

  it.each([
    ['empty', middle, middle, []],
    ['a single nanosecond', middle, middle + 1n, [String(middle - 1n)]],
    ['over before it begins', middle, middle - 5n, []],
  ])('may be %s', async (_what, sinceNs, untilNs, cursors) => {
    const nara = await startBob();
    const { state, report } = await walk(nara.url, { sinceNs, untilNs });
    expect([state, report.flaws]).toEqual(['complete', []]);
    expect(asked(nara).map(({ cursor }) => cursor)).toEqual(cursors);
  });

  it.each([
    [INT64_MIN, INT64_MIN],
    [INT64_MIN - 5n, INT64_MIN],
    [INT64_MAX, INT64_MAX - 1n],
    [INT64_MAX + 5n, INT64_MAX],
  ])('that begins at %s is asked for as an int64', async (sinceNs, cursor) => {
    const nara = await startBob();
    await walk(nara.url, { sinceNs });
    expect(asked(nara)[0]?.cursor).toBe(String(cursor));
  });
});

describe('what is asked', () => {
  it('is limited to services where they are named', async () => {
    const nara = await startBob();
    const { lines } = await walk(nara.url, { services: ['chau', 'seen'] });
    expect(new Set(lines)).toEqual(
      new Set(truth.filter(({ svc }) => svc === 'chau' || svc === 'seen').map(({ line }) => line)),
    );
    expect(asked(nara).every(({ services }) => services?.join() === 'chau,seen')).toBe(true);
  });

  it.each([1, 7, 20, 110, 2000, 5000])('comes whole in pages of %i', async (pageSize) => {
    const nara = await startBob();
    const walked = await walk(nara.url, { pageSize });
    expect(new Set(walked.lines).size).toBe(truth.length);
    expect(walked.state).toBe('complete');
    expect(asked(nara)[0]?.page_size).toBe(pageSize);
  });

  it('may be an empty ledger', async () => {
    const walked = await walk((await startBob([], { events: [] })).url);
    expect(walked).toMatchObject({
      state: 'complete',
      lines: [],
      report: { proven: true, requests: 1, events: 0 },
    });
    expect(walked.report.firstTsNs).toBeUndefined();
  });
});

describe('the wall clock', () => {
  it('ends a peer that never gave a byte of its ledger as silent', async () => {
    const walked = await walk((await startBob(['hang'])).url, { timeoutMs: 120 });
    expect(walked).toMatchObject({ state: 'failed', codes: ['PEER_SILENT'] });
    expect(walked.report.flaws[0]?.error).toMatchObject({
      message: 'no answer within 0.12 s',
      retryable: true,
    });
  });

  it('ends one that does not even answer /ping', async () => {
    const { url } = await serveRaw(() => undefined);
    expect(await walk(url, { timeoutMs: 60 })).toMatchObject({ state: 'failed', codes: ['PEER_SILENT'] });
  });

  it.each([
    ['hang:3', 'incomplete'],
    ['stall', 'failed'],
  ])('ends one that gave something as out of time: %s', async (fault, state) => {
    const nara = await startBob([fault]);
    const walked = await walk(nara.url, { timeoutMs: 800 });
    expect(walked).toMatchObject({ state, codes: ['PEER_TIMEOUT'] });
    expect(walked.report.flaws[0]?.error).toMatchObject({
      message: 'not done within 0.8 s',
      retryable: true,
    });
    expect(lostInSilence(nara, walked)).toEqual([]);
  });

  it('runs over all requests: none of them is late by itself', async () => {
    const nara = await startBob(['delay:60']);
    const walked = await walk(nara.url, { timeoutMs: 600, idleTimeoutMs: 10_000, pageSize: 5 });
    expect(walked.codes).toEqual(['PEER_TIMEOUT']);
    expect(lostInSilence(nara, walked)).toEqual([]);
  });

  it('stops a body that drips for ever', async () => {
    const { url } = await serveRaw((request, socket) => {
      if (request.startsWith('GET')) {
        socket.write(httpAnswer('{}'));
        return;
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('1\r\n \r\n'), 10);
      socket.once('close', () => {
        clearInterval(timer);
      });
    });
    const walked = await walk(url, { timeoutMs: 500, firstByteTimeoutMs: 400 });
    expect(walked.codes).toEqual(['PEER_TIMEOUT']);
  });

  it('of a month is no wall clock of a millisecond', async () => {
    const nara = await startBob(['delay:5']);
    const month = { timeoutMs: 2 ** 31 + 1000, firstByteTimeoutMs: 2 ** 33, idleTimeoutMs: 2 ** 33 };
    expect((await walk(nara.url, month)).state).toBe('complete');
  });
});

describe('silence', () => {
  it('is borne longer before the first answer than after it', async () => {
    const nara = await startBob(['delay:150']);
    const first = await walk(nara.url, { firstByteTimeoutMs: 10_000, idleTimeoutMs: 50 });
    expect(first).toMatchObject({ state: 'incomplete', codes: ['PEER_SILENT'], report: { requests: 4 } });
    expect(first.lines).toHaveLength(20);
    const none = await walk(nara.url, { firstByteTimeoutMs: 50, idleTimeoutMs: 10_000 });
    expect(none).toMatchObject({ state: 'failed', codes: ['PEER_SILENT'], report: { requests: 0 } });
  });
});

describe('the caller', () => {
  it.each([
    [
      'an error of ours',
      new MeshBackupError('TERMINATED', 'enough'),
      { code: 'TERMINATED', message: 'enough' },
    ],
    ['another error', new Error('enough'), { code: 'INTERRUPTED', message: 'stopped' }],
    ['a word', 'enough', { code: 'INTERRUPTED', message: 'stopped' }],
  ])('stops a walk with %s', async (_what, reason, want) => {
    for (const fault of ['delay:0', 'hang:2', 'stall:2']) {
      const stop = new AbortController();
      const nara = await startBob([fault]);
      const onPage = (): void => {
        // Before the next request for the first, in the middle of it for those that never answer it.
        if (fault === 'delay:0') stop.abort(reason);
        else {
          void vi
            .waitUntil(() => asked(nara).length === 2)
            .then(() => {
              stop.abort(reason);
            });
        }
      };
      const walked = await walk(nara.url, { signal: stop.signal, onPage });
      expect(walked.state).toBe('incomplete');
      expect(walked.report.flaws[0]?.error).toMatchObject(want);
      expect(walked.lines).toHaveLength(20);
      expect(lostInSilence(nara, walked)).toEqual([]);
    }
  });

  it('who stopped before the start costs no request', async () => {
    const nara = await startBob();
    const walked = await walk(nara.url, { signal: AbortSignal.abort() });
    expect(walked).toMatchObject({ state: 'failed', codes: ['INTERRUPTED'] });
    expect(nara.requests).toEqual([]);
  });

  it('who leaves in the middle finds the walk incomplete, and no connection behind', async () => {
    const http = new PeerHttp({ connectTimeoutMs: 1000 });
    const server = await serveRaw((request, socket) => {
      const { line } = truth[0]!;
      const body = request.startsWith('GET')
        ? '{}'
        : `{"events":[${line}],"next_cursor":"${truth[0]!.tsNs}"}`;
      socket.write(httpAnswer(body));
    });
    const { pages, report } = walkPeer(parsePeer(server.url), {
      ...TEST_OPTIONS,
      http,
      pageSize: 1,
      signal: new AbortController().signal,
    });
    for await (const { events } of pages) {
      expect(report).toMatchObject({ requests: 1, events: events.length });
      expect(report.bytes).toBeGreaterThan(truth[0]!.line.length);
      break;
    }
    expect(walkState(report)).toBe('incomplete');
    expect(report.flaws.map(({ error }) => error.code)).toEqual(['INTERRUPTED']);
    await expect.poll(() => server.connections).toEqual({ made: 1, open: 0 });
    await http.close();
  });

  it('has one connection a peer, closed at the end, and no listener left on the signal', async () => {
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    let count = 0;
    const server = await serveRaw((request, socket) => {
      const { line, tsNs } = truth[Math.min(count * 20, truth.length - 1)]!;
      const isLast = ++count > 4;
      const page = `{"events":[${line}]${isLast ? '' : `,"next_cursor":"${tsNs}"`}}`;
      socket.write(httpAnswer(request.startsWith('GET') ? '{}' : page));
    });
    const http = new PeerHttp({ connectTimeoutMs: 1000 });
    const walked = await walk(server.url, { signal, http });
    expect(walked.state).toBe('complete');
    expect(server.requests.length).toBeGreaterThan(4);
    expect(server.connections.made).toBe(1);
    await expect.poll(() => server.connections.open).toBe(0);
    expect(listeners).toBe(0);
  });
});

describe('a body', () => {
  it('may be as large as the bound, and not a byte larger', async () => {
    const nara = await startBob();
    const { report } = await walk(nara.url, { pageSize: 5000 });
    expect((await walk(nara.url, { pageSize: 5000, maxPageBytes: report.bytes })).state).toBe('complete');
    const over = await walk(nara.url, { pageSize: 5000, maxPageBytes: report.bytes - 1 });
    expect(over).toMatchObject({ state: 'failed', codes: ['PEER_TOO_LARGE'], lines: [] });
    expect(over.report.flaws[0]?.error.hint).toContain('--max-page-bytes');
  });

  it('costs its peer only, even where the mistake is ours', async () => {
    const nara = await startBob();
    const now = (): number => {
      throw new RangeError('no clock');
    };
    const walked = await walk(nara.url, { now });
    expect(walked).toMatchObject({ state: 'failed', codes: ['INTERNAL'] });
    expect(walked.report.flaws[0]?.error).toMatchObject({
      message: 'no clock',
      cause: expect.any(RangeError) as unknown,
    });
  });
});
