import { expect, test } from 'vitest';
import { line } from '../../src/cli/line.ts';
import { Output } from '../../src/cli/output.ts';
import { countAccess, formatClockOffset, peersTable, surveyRecord } from '../../src/cli/peers-table.ts';
import { Redraw } from '../../src/cli/redraw.ts';
import { widthOf } from '../../src/cli/text-width.ts';
import { MeshBackupError } from '../../src/errors.ts';
import type { PeerSurvey } from '../../src/sync/survey-peer.ts';
import { screenAfter } from './screen.ts';
import { Sink } from './streams.ts';

const BOB: PeerSurvey = {
  label: 'bob',
  url: 'http://100.64.0.2:7433/',
  claimedName: 'bob',
  publicKey: 'vwLVL+wwPaRdXuu2ypA9yNBREuh5SiHaiLf/w6a199E=',
  isProven: true,
  naraId: '2hRGoRJiXsVrMxrhiweRAFMW1TEidEVQ5P1AtqvFkn1p',
  latencyMs: 4.25,
  clockOffsetMs: -1234,
  mode: 'page',
  letsUsIn: true,
  events: 80_003,
  isExact: false,
  firstTsNs: 1_767_225_600_000_000_000n,
  lastTsNs: 1_769_904_061_000_000_000n,
  trouble: undefined,
  warnings: [],
};
const refused = new MeshBackupError('PEER_UNKNOWN_SENDER', 'HTTP 401: unknown sender: alice\n\x1b[2J', {
  hint: 'It has never met this nara.',
});
const MALLORY: PeerSurvey = {
  ...BOB,
  label: 'mallory',
  isProven: false,
  letsUsIn: false,
  events: undefined,
  firstTsNs: 2n ** 63n - 1n,
  lastTsNs: undefined,
  trouble: refused,
  warnings: ['calls itself m\u202e'],
};
const ROWS = [{ survey: BOB, since: '2026-01-03' }, { survey: MALLORY }];
const render = (columns: number): string[] => peersTable(ROWS, columns).map((text) => text.render(false));

test('one line a peer, below it what is wrong, hints once, the sum last', () => {
  expect(render(200)).toEqual([
    'NAME     ADDRESS          ID        KEY        SINCE         PING   CLOCK  MODE   EVENTS  OLDEST      NEWEST            ACCESS',
    'bob      100.64.0.2:7433  2hRGoRJi  vwLVL+ww   2026-01-03  4.3 ms  -1.2 s  page  ≈80,003  2026-01-01  2026-02-01 00:01  yes',
    'mallory  100.64.0.2:7433  2hRGoRJi  vwLVL+ww?  –           4.3 ms  -1.2 s  page        –  2262-04-11  –                 no',
    '  http://100.64.0.2:7433/: HTTP 401: unknown sender: alice\\n\\u{1b}[2J (PEER_UNKNOWN_SENDER)',
    '  calls itself m\\u{202e}',
    '  → It has never met this nara.',
    '2 peers: 1 let us in, 1 refused',
  ]);
  expect(peersTable([], 80)).toEqual([]);
});

test.each([60, 80, 120])('fits %i columns', (columns) => {
  for (const text of render(columns)) expect(widthOf(text)).toBeLessThanOrEqual(columns);
  expect(render(columns)[0]).toMatch(/^NAME .*EVENTS .*NEWEST +ACCESS$/);
});

test.each<[Partial<PeerSurvey>, string]>([
  [{}, 'letIn'],
  [{ letsUsIn: undefined }, 'notAsked'],
  [{ letsUsIn: false, trouble: refused }, 'refused'],
  [{ letsUsIn: undefined, trouble: new MeshBackupError('PEER_SILENT', '') }, 'silent'],
  [{ letsUsIn: true, trouble: new MeshBackupError('PEER_CUT', '') }, 'failed'],
])('%j is counted as %s', (change, access) => {
  expect(countAccess([{ survey: { ...BOB, ...change } }])).toEqual({ [access]: 1 });
});

test.each([
  [0, '0 ms'],
  [-0.4, '0 ms'],
  [12.4, '+12 ms'],
  [-3100, '-3.1 s'],
  [99_960, '+1m40s'],
  [-7_380_000, '-2h03m'],
])('a clock that is %i ms ahead', (offsetMs, text) => {
  expect(formatClockOffset(offsetMs)).toBe(text);
});

test('records hold all, in full', () => {
  expect(surveyRecord(ROWS[0]!)).toMatchObject({
    type: 'peer',
    name: 'bob',
    naraId: BOB.naraId,
    since: '2026-01-03',
    latencyMs: 4.3,
    clockOffsetMs: -1234,
    firstTs: BOB.firstTsNs,
    trouble: undefined,
  });
  expect(surveyRecord(ROWS[1]!)).toMatchObject({ trouble: { code: 'PEER_UNKNOWN_SENDER' } });
});

function drawingOn(stdout: Sink, env: NodeJS.ProcessEnv = {}): Redraw {
  const settings = { stderr: new Sink(), env, colour: 'auto', verbose: false, jsonTo: undefined } as const;
  return new Redraw(new Output({ stdout, ...settings }), env);
}

test('a terminal shows the last drawing only, and as much of it as it has rows for', async () => {
  const stdout = new Sink({ columns: 10, rows: 4 });
  const redraw = drawingOn(stdout, { NO_COLOR: '1' });
  await redraw.draw([line`a`, line`b`, line`c`]);
  await redraw.draw([line`x`]);
  expect(screenAfter(stdout.text, 10)).toEqual(['x']);
  await redraw.draw([line`1`, line`2`, line`3`, line`4`, line`5`]);
  expect(screenAfter(stdout.text, 10)).toEqual(['1', '2', '5']);
});

test.each([
  [new Sink(), {}],
  [new Sink({ columns: 10, rows: 2 }), { TERM: 'dumb' }],
])('elsewhere one drawing follows the other', async (stdout, env) => {
  const redraw = drawingOn(stdout, env);
  await redraw.draw([line`a`, line`b`, line`c`]);
  await redraw.draw([line`x`]);
  expect(stdout.text).toBe('a\nb\nc\nx\n');
});
