import { describe, expect, it, vi } from 'vitest';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { backoffMs, parseRetryAfterMs } from '../../src/sync/backoff.ts';
import { INT64_MIN } from '../../src/sync/page-step.ts';
import { httpAnswer, type RawServer } from '../mesh/raw-server.ts';
import { asked, bob, lostInSilence, serveRaw, startBob, truth, walk, type Changes } from './walking.ts';

const LINES = truth.slice(0, 5).map(({ line }) => line);
const LEDGER = httpAnswer(`{"events":[${LINES.join(',')}]}`);
const OFF = httpAnswer(
  'Authentication failed: timestamp too old or in future: 30.01s\n',
  [],
  '401 Unauthorized',
);

/** A nara without a key that says these things one after another to sync requests, the last one for ever. */
async function serveInTurn(...answers: (Buffer | 'reset' | 'silence')[]): Promise<RawServer> {
  let at = 0;
  return serveRaw((request, socket) => {
    if (request.startsWith('GET')) {
      socket.write(httpAnswer('{}'));
      return;
    }
    const answer = answers[Math.min(at++, answers.length - 1)]!;
    if (answer === 'reset') socket.resetAndDestroy();
    else if (answer !== 'silence') socket.write(answer);
  });
}

const posts = ({ requests }: RawServer): string[] => requests.filter((request) => request.startsWith('POST'));
const status = (line: string, ...headers: string[]): Buffer => httpAnswer('busy\n', headers, line);
const noWait = { maxTries: 3, firstDelayMs: 0, maxDelayMs: 0 };

describe('what passes', () => {
  it.each([
    ['429', status('429 Too Many Requests')],
    ['500', status('500 Internal Server Error')],
    ['502', status('502 Bad Gateway')],
    ['503', status('503 Service Unavailable', 'Retry-After: 0')],
    ['a reset', 'reset' as const],
    ['a cut body', LEDGER.subarray(0, -10)],
  ])('is tried again: %s', async (what, answer) => {
    const server = await serveInTurn(answer, answer, LEDGER);
    if (what === 'a cut body') {
      // Cut by the end of the connection, not by silence.
      const cut = await serveRaw((request, socket) => {
        if (request.startsWith('GET')) socket.write(httpAnswer('{}'));
        else if (posts(cut).length < 3) socket.end(answer);
        else socket.write(LEDGER);
      });
      expect(await walk(cut.url)).toMatchObject({ state: 'complete', lines: LINES });
      return;
    }
    expect(await walk(server.url)).toMatchObject({
      state: 'complete',
      lines: LINES,
      report: { requests: 3 },
    });
  });

  it('is tried again so often and no more, and named by its last failure', async () => {
    const server = await serveInTurn(status('500 Oops'), 'reset', status('503 Service Unavailable'), LEDGER);
    const { codes, report } = await walk(server.url);
    expect(codes).toEqual(['PEER_STATUS']);
    expect(report.flaws[0]?.error.message).toBe('HTTP 503: busy');
    expect(posts(server)).toHaveLength(3);
  });

  it.each(['400 Bad Request', '404 Not Found', '403 Forbidden', '307 Temporary Redirect'])(
    'does not mean %s',
    async (line) => {
      const server = await serveInTurn(status(line), LEDGER);
      expect((await walk(server.url)).state).toBe('failed');
      expect(posts(server)).toHaveLength(1);
    },
  );

  it('means silence only behind the first answer', async () => {
    const tsNs = truth[4]!.tsNs;
    const page = httpAnswer(`{"events":[${LINES.join(',')}],"next_cursor":"${tsNs}"}`);
    const late = await serveInTurn(page, 'silence', LEDGER.subarray());
    const bounds = { firstByteTimeoutMs: 300, idleTimeoutMs: 300 };
    expect((await walk(late.url, bounds)).codes).not.toContain('PEER_SILENT');
    expect(posts(late).length).toBeGreaterThan(2);
    const never = await serveInTurn('silence', LEDGER);
    expect((await walk(never.url, bounds)).codes).toEqual(['PEER_SILENT']);
    expect(posts(never)).toHaveLength(1);
  });

  it.each(['503 Service Unavailable', '429 Too Many Requests'])(
    'happens to /ping, too: its key is worth another try: %s',
    async (line) => {
      const ping = httpAnswer(`{"from":"bob","public_key":"${bob.publicKey}"}`);
      const { url, requests } = await serveRaw((request, socket) => {
        socket.write(requests.length < 3 ? status(line) : request.startsWith('GET') ? ping : LEDGER);
      });
      const { report, codes } = await walk(url);
      expect([report.publicKey, codes]).toEqual([bob.publicKey, ['PEER_UNSIGNED']]);
    },
  );
});

describe('waiting', () => {
  it('doubles up to its bound, and is never twice the same', () => {
    const bounds = { maxTries: 9, firstDelayMs: 100, maxDelayMs: 1000 };
    for (const [tries, most] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [5, 1000],
      [60, 1000],
    ] as const) {
      const waits = Array.from({ length: 50 }, () => backoffMs(bounds, tries));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(most / 2);
      expect(Math.max(...waits)).toBeLessThanOrEqual(most);
      expect(new Set(waits).size).toBeGreaterThan(25);
    }
  });

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 10_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('is as long as Retry-After says: %s', (text, ms) => {
    expect(parseRetryAfterMs(text, 50_000)).toBe(ms);
  });

  it('is not begun where it would outlast the peer: its worker has others', async () => {
    const server = await serveInTurn(status('503 Service Unavailable', 'Retry-After: 600'), LEDGER);
    const { codes } = await walk(server.url, { timeoutMs: 30_000 });
    expect([codes, posts(server).length]).toEqual([['PEER_STATUS'], 1]);
  });

  it('ends with the walk', async () => {
    const server = await serveInTurn(status('503 Service Unavailable', 'Retry-After: 50'), LEDGER);
    const stop = new AbortController();
    const walking = walk(server.url, { signal: stop.signal });
    await expect.poll(() => posts(server).length).toBe(1);
    stop.abort(new Error('enough'));
    expect((await walking).codes).toEqual(['INTERRUPTED']);
  });

  it('counts in the wall clock', async () => {
    const retry = { maxTries: 1000, firstDelayMs: 60, maxDelayMs: 60 };
    const server = await serveInTurn(status('503 Service Unavailable'));
    const { codes, report } = await walk(server.url, { timeoutMs: 400, retry });
    expect(['PEER_STATUS', 'PEER_TIMEOUT']).toContain(codes[0]);
    expect(report.requests).toBeLessThan(20);
  });
});

describe('a 401', () => {
  it('is answered once more, signed anew', async () => {
    let nowMs = 1_769_000_000_000;
    const server = await serveInTurn(OFF, LEDGER);
    const walked = await walk(server.url, { now: () => nowMs++ });
    expect(walked).toMatchObject({ state: 'complete', lines: LINES });
    const stamps = posts(server).map((request) => /^x-nara-timestamp: (\d+)\r$/im.exec(request)![1]);
    expect(new Set(stamps).size).toBe(2);
  });

  it('twice is a refusal', async () => {
    const server = await serveInTurn(OFF, OFF, LEDGER);
    expect(await walk(server.url)).toMatchObject({ state: 'failed', codes: ['PEER_CLOCK'] });
    expect(posts(server)).toHaveLength(2);
  });

  it.each([
    ['skew:75', /^its clock is 7[456] s ahead of ours: HTTP 401: Authentication failed: timestamp too old/],
    ['skew:-3600', /^its clock is 36\d\d|3599 s behind ours: HTTP 401/],
  ])('for a clock that is off tells whose and by how much: %s', async (fault, message) => {
    const { codes, report } = await walk((await startBob([fault])).url);
    expect(codes).toEqual(['PEER_CLOCK']);
    expect(report.flaws[0]?.error.message).toMatch(message);
  });

  it.each([
    ['agrees', new Date(1_769_000_001_000).toUTCString()],
    ['is not told', ''],
    ['is no date', 'yesterday'],
  ])('says nothing of a clock that %s', async (_what, date) => {
    const off = httpAnswer(
      'Authentication failed: timestamp too old or in future: 30.01s\n',
      [`Date: ${date}`],
      '401 Unauthorized',
    );
    const { report } = await walk((await serveInTurn(off)).url, { now: () => 1_769_000_000_000 });
    expect(report.flaws[0]?.error.message).toMatch(/^HTTP 401: Authentication failed: timestamp/);
  });
});

describe('a flaky peer', () => {
  it.each(['flaky:2', 'flaky:3', 'flaky:5'])('comes whole, nothing counted as lost: %s', async (fault) => {
    const nara = await startBob([fault]);
    const walked = await walk(nara.url, { pageSize: 7, checkpoints: true });
    expect(walked).toMatchObject({ state: 'complete', codes: [], report: { proven: true, warnings: [] } });
    expect(lostInSilence(nara, walked)).toEqual([]);
    expect(new Set(nara.requests.map(({ status: one }) => one))).toEqual(new Set([0, 200, 429, 503]));
  });
});

describe('a slow trickle', () => {
  it('ends by the wall clock, wherever it begins', async () => {
    for (const [fault, state] of [
      ['trickle', 'failed'],
      ['trickle:3', 'incomplete'],
    ] as const) {
      const nara = await startBob([fault]);
      const walked = await walk(nara.url, { timeoutMs: 600, idleTimeoutMs: 500 });
      expect(walked).toMatchObject({ state, codes: ['PEER_TIMEOUT'], wentOn: false });
      expect(lostInSilence(nara, walked)).toEqual([]);
    }
  });
});

describe('the second try', () => {
  const once = { retry: { ...noWait, maxTries: 1 } };
  const again = (more: Changes = {}): Changes => ({ ...once, beforeAgain: () => undefined, ...more });

  it('goes on where the walk stopped, and mends the report', async () => {
    const nara = await startBob(['flaky:6']);
    const walked = await walk(nara.url, again({ pageSize: 20 }));
    expect(walked).toMatchObject({ state: 'complete', codes: [], wentOn: true, report: { proven: true } });
    expect(walked.report.notes).toEqual([expect.stringMatching(/^went on after: /)]);
    expect(lostInSilence(nara, walked)).toEqual([]);
    const cursors = asked(nara).map(({ cursor }) => cursor);
    expect(cursors.filter((cursor) => cursor === String(INT64_MIN))).toHaveLength(1);
    expect(nara.requests.filter(({ path }) => path === '/ping')).toHaveLength(1);
  });

  it('meets a peer that was not there', async () => {
    const { url, close } = await startBob();
    await close();
    let nara: SandboxNara | undefined;
    const beforeAgain = async (): Promise<void> => {
      nara = await startBob([], { port: Number(new URL(url).port) });
    };
    const walked = await walk(url, { ...once, beforeAgain });
    expect(walked).toMatchObject({ state: 'complete', wentOn: true, report: { label: 'bob', proven: true } });
    expect(lostInSilence(nara!, walked)).toEqual([]);
  });

  it('that fails as well leaves the flaw of the place where it stopped', async () => {
    const nara = await startBob(['status:503:3']);
    const walked = await walk(nara.url, again());
    expect(walked).toMatchObject({ state: 'incomplete', codes: ['PEER_STATUS'], wentOn: true });
    expect(lostInSilence(nara, walked)).toEqual([]);
  });

  it.each([
    ['a complete walk', []],
    ['a refusal', ['status:403']],
    ['a wrong signature', ['bad-signature:2']],
    ['a cursor that leads nowhere', ['stuck-cursor']],
  ])('has nothing to gain after %s', async (_what, faults) => {
    const nara = await startBob(faults);
    const before = await walk(nara.url, once);
    const walked = await walk(nara.url, again());
    expect([walked.wentOn, walked.codes]).toEqual([false, before.codes]);
  });

  it('is not made once the time is over, or we were stopped', async () => {
    const slow = await walk((await startBob(['hang:3'])).url, again({ timeoutMs: 300 }));
    expect([slow.codes, slow.wentOn]).toEqual([['PEER_TIMEOUT'], false]);
    const stop = new AbortController();
    const beforeAgain = (): void => {
      stop.abort();
    };
    const stopped = await walk((await startBob(['cut:2'])).url, {
      ...once,
      signal: stop.signal,
      beforeAgain,
    });
    expect([stopped.codes, stopped.wentOn]).toEqual([['PEER_CUT'], false]);
  });

  it('is not made where the timer was early by the fraction of a millisecond', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const walked = await walk((await startBob(['hang:3'])).url, again({ timeoutMs: 300 }));
    vi.restoreAllMocks();
    expect([walked.codes, walked.wentOn]).toEqual([['PEER_TIMEOUT'], false]);
  });

  it('has the time that the first left, not that in between', async () => {
    // The first try takes most of 1.2 s by silence; what is left is not enough for as much silence again.
    const nara = await startBob(['hang:3']);
    const bounds = { timeoutMs: 1200, firstByteTimeoutMs: 800, idleTimeoutMs: 800 };
    const walked = await walk(nara.url, { ...again(bounds), retry: { ...noWait, maxTries: 1 } });
    expect([walked.codes, walked.wentOn]).toEqual([['PEER_TIMEOUT'], true]);
  });

  it('does not pay for the wait in between', async () => {
    const clock = performance.now.bind(performance);
    let waitedMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + waitedMs);
    const beforeAgain = (): void => {
      waitedMs = 3_600_000;
    };
    const walked = await walk((await startBob(['cut:3'])).url, { ...once, beforeAgain });
    vi.restoreAllMocks();
    expect([walked.wentOn, walked.codes]).toEqual([true, ['PEER_CUT']]);
  });

  it('goes on in the middle of a burst', async () => {
    const [events] = makeHistory({ naras: 1, eventsPerNara: 7000, middleBurst: 5200 }).ledgers as [
      SandboxEvent[],
    ];
    const nara = await startBob(['flaky:14'], { events });
    const walked = await walk(nara.url, again({ pageSize: 2000 }));
    expect(walked.wentOn).toBe(true);
    expect(walked).toMatchObject({ state: 'complete', codes: [] });
    expect(lostInSilence(nara, walked)).toEqual([]);
  });
});
