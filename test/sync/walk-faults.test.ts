import { describe, expect, it } from 'vitest';
import { listFaults } from '../../src/sandbox/faults.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { INT64_MIN } from '../../src/sync/page-step.ts';
import { asked, lostInSilence, startBob, truth, walk } from './walking.ts';

interface Row {
  fault: string;
  code?: string;
  state: 'complete' | 'incomplete' | 'failed';
  /** How many sync answers' events were taken; all where it is complete. */
  pages?: number;
  proven: boolean;
  message?: RegExp;
  retryable?: boolean;
  /** None unless it is told. */
  warning?: string;
}

const rows: Row[] = [
  { fault: 'delay:5', state: 'complete', proven: true },
  {
    fault: 'hang',
    code: 'PEER_SILENT',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^no byte for 0.5 s$/,
    retryable: true,
  },
  {
    fault: 'hang:3',
    code: 'PEER_SILENT',
    state: 'incomplete',
    pages: 2,
    proven: true,
    message: /^no byte for 0.4 s$/,
    retryable: true,
  },
  { fault: 'stall', code: 'PEER_SILENT', state: 'failed', pages: 0, proven: false, retryable: true },
  { fault: 'stall:3', code: 'PEER_SILENT', state: 'incomplete', pages: 2, proven: true, retryable: true },
  { fault: 'cut', code: 'PEER_CUT', state: 'failed', pages: 0, proven: false, retryable: true },
  { fault: 'cut:3', code: 'PEER_CUT', state: 'incomplete', pages: 2, proven: true, retryable: true },
  {
    fault: 'status:503',
    code: 'PEER_STATUS',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^HTTP 503: Service Unavailable$/,
    retryable: true,
  },
  {
    fault: 'status:503:3',
    code: 'PEER_STATUS',
    state: 'incomplete',
    pages: 2,
    proven: true,
    retryable: true,
  },
  { fault: 'status:429', code: 'PEER_STATUS', state: 'failed', pages: 0, proven: false, retryable: true },
  {
    fault: 'status:404',
    code: 'PEER_STATUS',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^HTTP 404: Not Found$/,
  },
  { fault: 'status:400:2', code: 'PEER_STATUS', state: 'incomplete', pages: 1, proven: true },
  {
    fault: 'status:403',
    code: 'PEER_REFUSED',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^HTTP 403: Forbidden$/,
  },
  {
    fault: 'status:302:2',
    code: 'PEER_REDIRECT',
    state: 'incomplete',
    pages: 1,
    proven: true,
    message: /^HTTP 302 to nowhere$/,
  },
  { fault: 'skew:60', code: 'PEER_CLOCK', state: 'failed', pages: 0, proven: false, retryable: true },
  { fault: 'skew:-60', code: 'PEER_CLOCK', state: 'failed', pages: 0, proven: false, retryable: true },
  { fault: 'skew:20', state: 'complete', proven: true },
  {
    fault: 'redirect',
    code: 'PEER_REDIRECT',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^HTTP 307 to \/events\/sync$/,
  },
  {
    fault: 'content-type',
    code: 'PEER_CONTENT_TYPE',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^content type text\/html; charset=utf-8, want application\/json$/,
  },
  {
    fault: 'gzip',
    code: 'PEER_CONTENT_ENCODING',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^content encoding gzip, asked for identity$/,
  },
  { fault: 'stuck-cursor', code: 'PEER_CURSOR', state: 'incomplete', pages: 3, proven: true },
  { fault: 'back-cursor', code: 'PEER_CURSOR', state: 'incomplete', pages: 2, proven: true },
  { fault: 'unsigned', code: 'PEER_UNSIGNED', state: 'failed', pages: 0, proven: false },
  { fault: 'bad-signature', code: 'PEER_SIGNATURE', state: 'failed', pages: 0, proven: false },
  { fault: 'bad-signature:3', code: 'PEER_SIGNATURE', state: 'incomplete', pages: 2, proven: true },
  { fault: 'wrong-key', code: 'PEER_SIGNATURE', state: 'failed', pages: 0, proven: false },
  { fault: 'no-key', state: 'complete', proven: false },
  { fault: 'no-ping', state: 'complete', proven: false },
  {
    fault: 'huge:300000',
    code: 'PEER_TOO_LARGE',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^an answer of more than 200000 bytes$/,
  },
  { fault: 'strip', state: 'complete', proven: true },
  { fault: 'forge', state: 'complete', proven: true },
  { fault: 'foreign', state: 'complete', proven: true },
  { fault: 'hostile', state: 'complete', proven: true },
  { fault: 'lie', state: 'complete', proven: true },
  { fault: 'legacy', state: 'complete', proven: true },
  { fault: 'no-checkpoints', state: 'complete', proven: true },
  { fault: 'shift:7', state: 'complete', proven: true },
  { fault: 'disorder', state: 'complete', proven: true, warning: 'gives its pages out of order' },
  { fault: 'repeat', state: 'complete', proven: true },
  { fault: 'future', state: 'complete', proven: true },
  { fault: 'flaky:3', state: 'complete', proven: true },
  { fault: 'no-sync', code: 'PEER_STATUS', state: 'failed', pages: 0, proven: false },
  { fault: 'html', code: 'PEER_CONTENT_TYPE', state: 'failed', pages: 0, proven: false },
  {
    fault: 'impostor:alice',
    code: 'PEER_SIGNATURE',
    state: 'failed',
    pages: 0,
    proven: false,
    message: /^the answer's signature does not fit the peer's key$/,
  },
];
/** These give half an answer, more than they have, or not what they had before: they have tests of their own. */
const apart = ['malformed', 'moving', 'endless', 'monster', 'trickle'];

/** Near only where they are to be met: a busy machine is no silent peer. */
function boundsFor(code: string | undefined): {
  firstByteTimeoutMs?: number;
  idleTimeoutMs?: number;
  maxPageBytes: number;
} {
  const maxPageBytes = 200_000;
  return code === 'PEER_SILENT'
    ? { firstByteTimeoutMs: 500, idleTimeoutMs: 400, maxPageBytes }
    : { maxPageBytes };
}

/** What a nara gave that is not in its ledger. */
function invented({ ledger, given }: SandboxNara): string[] {
  const lines = new Set(ledger.map(({ line }) => line));
  return given.filter((line) => !lines.has(line));
}

it('has a row for each fault of the sandbox', () => {
  const ofDumps = listFaults().filter(({ ofDumps }) => ofDumps);
  const kinds = ofDumps.map(({ synopsis }) => synopsis.split(/[:[]/)[0]!);
  expect(new Set([...rows.map(({ fault }) => fault.split(':')[0]!), ...apart])).toEqual(new Set(kinds));
});

describe('walkPeer', () => {
  it('gets a whole ledger, byte for byte, in few requests', async () => {
    const nara = await startBob();
    const walked = await walk(nara.url);
    expect(walked).toMatchObject({
      state: 'complete',
      codes: [],
      report: { label: 'bob', proven: true, warnings: [] },
    });
    expect(new Set(walked.lines)).toEqual(new Set(truth.map(({ line }) => line)));
    const { report, lines } = walked;
    expect(report).toMatchObject({
      claimedName: 'bob',
      publicKey: nara.publicKey,
      requests: asked(nara).length,
      events: lines.length,
      firstTsNs: truth[0]!.tsNs,
      lastTsNs: truth.at(-1)!.tsNs,
    });
    expect(report.bytes).toBeGreaterThan(lines.join('').length);
    expect(asked(nara)[0]).toEqual({
      from: 'alice',
      services: null,
      subjects: null,
      mode: 'page',
      page_size: 20,
      cursor: String(INT64_MIN),
    });
  });

  it.each(rows)(
    '$fault: $state $code',
    async ({ fault, code, state, pages, proven, message, retryable = false, warning }) => {
      const nara = await startBob([fault]);
      const walked = await walk(nara.url, boundsFor(code));
      expect(walked).toMatchObject({ state, codes: code === undefined ? [] : [code], report: { proven } });
      const error = walked.report.flaws[0]?.error;
      if (message !== undefined) expect(error?.message).toMatch(message);
      if (error !== undefined) expect(error.retryable).toBe(retryable);
      if (proven) expect(walked.report.warnings).toEqual(warning === undefined ? [] : [warning]);
      if (pages === undefined)
        expect(new Set(walked.lines)).toEqual(
          new Set([...nara.ledger.map(({ line }) => line), ...invented(nara)]),
        );
      else {
        const given = nara.given.slice(0, walked.lines.length);
        expect(walked.lines).toEqual(given);
        expect(walked.lines).toHaveLength(pages * 20);
        expect(walked.report.events).toBe(pages * 20);
      }
      expect(lostInSilence(nara, walked)).toEqual([]);
    },
  );

  it('says from which time on events are missing: some of the newest ts given, all after it', async () => {
    const nara = await startBob(['cut:3']);
    const { report, lines } = await walk(nara.url);
    expect(report.flaws).toEqual([expect.objectContaining({ fromNs: report.lastTsNs })]);
    expect(lines.at(-1)).toContain(String(report.lastTsNs));
    const atOnce = await walk((await startBob(['cut'])).url);
    expect(atOnce.report.flaws[0]?.fromNs).toBe(INT64_MIN + 1n);
  });

  it.each(['malformed', 'malformed:3'])(
    '%s: keeps what stands before the break of a signed answer',
    async (fault) => {
      const nara = await startBob([fault]);
      const walked = await walk(nara.url);
      expect(walked).toMatchObject({
        state: 'incomplete',
        codes: ['PEER_MALFORMED'],
        report: { proven: true },
      });
      expect(walked.report.flaws[0]?.error.message).toMatch(/^no answer of a nara from byte \d+ on$/);
      expect(walked.lines.length).toBeGreaterThan(fault === 'malformed' ? 5 : 45);
      expect(lostInSilence(nara, walked)).toEqual([]);
    },
  );

  it('takes nothing of an answer that breaks off and is not signed', async () => {
    const nara = await startBob(['malformed', 'unsigned']);
    const walked = await walk(nara.url);
    expect(walked).toMatchObject({ state: 'failed', codes: ['PEER_MALFORMED'], lines: [] });
    expect(walked.report.flaws[0]?.error.message).toMatch(/, and it is not signed$/);
    const accepted = await walk(nara.url, { acceptUnsigned: true });
    expect(accepted).toMatchObject({
      state: 'incomplete',
      codes: ['PEER_MALFORMED'],
      report: { proven: false },
    });
  });
});

describe('--accept-unsigned-peers', () => {
  it.each(['unsigned', 'bad-signature', 'bad-signature:3', 'wrong-key'])(
    'takes all of %s, unproven',
    async (fault) => {
      const nara = await startBob([fault]);
      const walked = await walk(nara.url, { acceptUnsigned: true });
      expect(walked).toMatchObject({ state: 'complete', report: { proven: false, claimedName: 'bob' } });
      expect(lostInSilence(nara, walked)).toEqual([]);
    },
  );

  it('takes nothing away from a peer that signs', async () => {
    const { report } = await walk((await startBob()).url, { acceptUnsigned: true });
    expect(report.proven).toBe(true);
  });
});
