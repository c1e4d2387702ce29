import { expect, test } from 'vitest';
import { judgeDump, type Demands } from '../../src/dump/outcome.ts';
import type { DumpSummary } from '../../src/dump/summary.ts';
import { MeshBackupError, type ErrorCode } from '../../src/errors.ts';
import type { WalkReport } from '../../src/sync/walk-report.ts';

function peer(name: string, events: number, ...codes: ErrorCode[]): WalkReport {
  return {
    label: name,
    url: `http://${name}`,
    claimedName: name,
    publicKey: `key of ${name}`,
    proven: events > 0,
    requests: 1,
    bytes: 0,
    events,
    repeats: 0,
    firstTsNs: undefined,
    lastTsNs: undefined,
    takenFromMs: undefined,
    flaws: codes.map((code) => ({ error: new MeshBackupError(code, code) })),
    checkpoints: { requests: 0, bytes: 0, events: 0, repeats: 0, trouble: undefined },
    warnings: [],
    notes: [],
  };
}

const good = peer('good', 5);
const again = { ...peer('other', 5), publicKey: good.publicKey };
const claimed = { ...again, proven: false };
const half = peer('half', 5, 'PEER_CUT');
const silent = peer('silent', 0, 'PEER_SILENT');
const unreachable = peer('off', 0, 'PEER_UNREACHABLE');
const wrongSoul = peer('wrong', 0, 'PEER_WRONG_SOUL');
const unknown = peer('unknown', 0, 'PEER_UNKNOWN_SENDER');
const broken = peer('broken', 0, 'PEER_MALFORMED');

function status(
  peers: WalkReport[],
  demands: Partial<Demands> = {},
  misfit = 0,
  signal?: AbortSignal,
): number {
  const summary = { peers, events: { misfit, hostile: 0 } } as unknown as DumpSummary;
  const all = { minPeers: undefined, requiredPeers: [], strict: false, ...demands };
  return judgeDump(summary, all, signal ?? new AbortController().signal)?.exitStatus ?? 0;
}

test.each<[string, number, number]>([
  ['all complete', status([good, good]), 0],
  ['nobody named', status([]), 14],
  ['all silent', status([silent, unreachable]), 14],
  ['none can be trusted to be what it is', status([peer('tls', 0, 'PEER_TLS'), unreachable]), 14],
  ['all refuse our signature', status([wrongSoul, wrongSoul]), 12],
  ['all refuse', status([wrongSoul, unknown]), 15],
  ['all failed, each for its own reason', status([silent, broken]), 1],
  ['all failed, some by refusing', status([silent, wrongSoul]), 1],
  ['some failed', status([good, silent]), 3],
  ['some incomplete', status([good, half]), 3],
  ['only incomplete ones', status([half]), 3],
  ['enough peers', status([good, silent], { minPeers: 1 }), 0],
  ['too few peers', status([good, half], { minPeers: 2 }), 3],
  ['one key at two addresses, where two peers are wanted', status([good, again], { minPeers: 2 }), 3],
  ['one key that nobody proved, at two addresses', status([good, claimed], { minPeers: 2 }), 0],
  ['none, though none is enough', status([silent], { minPeers: 0 }), 14],
  ['the required peer', status([good, silent], { requiredPeers: ['good'] }), 0],
  ['the required peer is incomplete', status([good, half], { requiredPeers: ['half'] }), 3],
  ['the required peer is not there', status([good], { requiredPeers: ['other'] }), 3],
  ['the required peer proves nothing', status([{ ...good, proven: false }], { requiredPeers: ['good'] }), 3],
  ['quarantined', status([good], {}, 1), 0],
  ['quarantined, strictly', status([good], { strict: true }, 1), 13],
  ['quarantined, strictly, and incomplete', status([half], { strict: true }, 1), 3],
  ['stopped', status([good], {}, 0, AbortSignal.abort(new MeshBackupError('TERMINATED', ''))), 143],
  ['stopped by a stranger', status([silent], {}, 0, AbortSignal.abort()), 130],
])('%s: %i is %i', (_, actual, expected) => {
  expect(actual).toBe(expected);
});

test('it says which demand is not met', () => {
  const judge = (demands: Partial<Demands>): string | undefined => {
    const summary = { peers: [good, half], events: { misfit: 0, hostile: 0 } } as unknown as DumpSummary;
    const all = { minPeers: undefined, requiredPeers: [], strict: false, ...demands };
    return judgeDump(summary, all, new AbortController().signal)?.message;
  };
  expect(judge({ minPeers: 9 })).toBe('1 peers are complete, 9 were wanted.');
  expect(judge({ requiredPeers: ['good', 'half', 'zed'] })).toBe(
    'Not complete and proven, though required: half, zed.',
  );
  expect(judge({})).toBe('1 of 2 peers failed or are incomplete.');
});
