import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { PeerHttp } from '../../src/mesh/http.ts';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { RESTORE_DEFAULTS } from '../../src/restore/restore-options.ts';
import { TargetClock } from '../../src/restore/target-clock.ts';
import { Target } from '../../src/restore/target.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { ALICE, BOB, restoreLines, startAlice } from './restoring.ts';

const T0 = 1_769_000_000_000_000_000n;
const HISTORY = makeHistory({ naras: 2, eventsPerNara: 400, pageSize: 50 }).ledgers[0]!;
const linesOf = (events: readonly SandboxEvent[]): string[] => events.map(({ line }) => line);

function ping(at: number): SandboxEvent {
  const payload = { observer: 'bob', target: 'carol', rtt: 1.5 };
  return makeEvent({ tsNs: T0 + BigInt(at), svc: 'ping', payload });
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('only what the target lacks is sent, oldest first, byte for byte, and a second time nothing', async () => {
  const nara = await startAlice({ events: HISTORY.slice(0, 100) });
  const first = await restoreLines(nara, linesOf(HISTORY));
  expect(judgeRestore(first)).toBeUndefined();
  expect(first.stay.there).toBe(100);
  expect(first.confirmed).toMatchObject({ there: first.toGo.events, resent: 0 });
  expect(first.total).toBe(nara.ledger.length);
  expect(nara.lost).toEqual([]);
  const given = new Set(linesOf(HISTORY));
  expect(nara.ledger.filter(({ line }) => !given.has(line))).toEqual([]);
  const sent = nara.requests.filter(({ path, body }) => path.endsWith('/import') && body.includes('"id"'));
  const times = [
    ...sent
      .map(({ body }) => body)
      .join('')
      .matchAll(/\{"id":"[0-9a-f]{32}","ts":(\d+)/g),
  ].map(([, ts]) => BigInt(ts!));
  expect(times.length).toBe(first.toGo.events);
  expect(times.every((ts, at) => at === 0 || times[at - 1]! <= ts)).toBe(true);

  const held = linesOf(nara.ledger);
  const second = await restoreLines(nara, linesOf(HISTORY));
  expect(second.toGo.events).toBe(0);
  expect(judgeRestore(second)).toBeUndefined();
  expect(linesOf(nara.ledger)).toEqual(held);
});

test('a dry run changes nothing, and says what would go by service and month', async () => {
  const folder = await makeFolder();
  const nara = await startAlice();
  const summary = await restoreLines(nara, linesOf(HISTORY), {
    dryRun: true,
    preRestore: join(folder, 'before'),
  });
  expect(judgeRestore(summary)).toBeUndefined();
  expect(nara.ledger).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  const { byService, byMonth, events } = summary.toGo;
  for (const shares of [byService, byMonth]) {
    expect([...shares.values()].reduce((sum, share) => sum + share.events, 0)).toBe(events);
  }
  expect(byService.get('seen')!.firstTsNs).toBeLessThan(byService.get('seen')!.lastTsNs);
});

test('what the target holds is saved first, and never over what was saved before', async () => {
  const folder = await makeFolder();
  const nara = await startAlice({ events: HISTORY.slice(0, 100) });
  const preRestore = join(folder, 'before.jsonl.gz');
  const first = await restoreLines(nara, linesOf(HISTORY.slice(100, 200)), { preRestore });
  const second = await restoreLines(nara, linesOf(HISTORY), { preRestore });
  expect([first.target.savedTo, second.target.savedTo]).toEqual([preRestore, `${preRestore}.2`]);
  const saved = gunzipSync(await readFile(preRestore))
    .toString()
    .split('\n')
    .slice(0, -1);
  expect(saved.sort()).toEqual(linesOf(HISTORY.slice(0, 100)).sort());
  expect((await readdir(folder)).sort()).toEqual(['before.jsonl.gz', 'before.jsonl.gz.2']);
});

test('where nothing is to go nothing is saved', async () => {
  const folder = await makeFolder();
  const nara = await startAlice({ events: HISTORY });
  const summary = await restoreLines(nara, linesOf(HISTORY), { preRestore: join(folder, 'before') });
  expect(summary.toGo.events).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

test('a young target is waited for; before, it deletes what it is given', async () => {
  const young = { faults: [parseFault('young:359')] };
  const patient = await startAlice(young);
  const left: number[] = [];
  const observer = { settling: (leftMs: number) => void left.push(leftMs) };
  const waited = await restoreLines(patient, linesOf(HISTORY), { observer });
  expect(left.length).toBeGreaterThan(0);
  expect(waited.confirmed?.missing.size).toBe(0);

  const hasty = await startAlice({ faults: [parseFault('young:10')] });
  const lost = await restoreLines(hasty, linesOf(HISTORY), { settle: 'no' });
  expect([...lost.confirmed!.missing.keys()]).toEqual(['unknown']);
  expect(judgeRestore(lost)?.code).toBe('NOT_RESTORED');
});

test('waiting for a young target is none of the time that a restore may take, and can be stopped', async () => {
  const nara = await startAlice({ faults: [parseFault('young:10')] });
  const controller = new AbortController();
  const observer = {
    settling: () => {
      controller.abort(new Error('enough'));
    },
  };
  const run = restoreLines(nara, linesOf(HISTORY), { observer, signal: controller.signal });
  await expect(run).rejects.toThrow('enough');
  const patient = await startAlice({ faults: [parseFault('young:359')] });
  expect(judgeRestore(await restoreLines(patient, linesOf(HISTORY), { timeoutMs: 900 }))).toBeUndefined();
});

test('what is gone at the later look is sent once more', async () => {
  const nara = await startAlice({ neighbours: [{ name: 'carol', isOnline: false }] });
  const events = Array.from({ length: 9 }, (_, at) => ping(at).line);
  let looks = 0;
  const observer = {
    waiting: () => {
      if (looks++ === 0) expect(nara.cleanUp()).toBe(5);
    },
  };
  const summary = await restoreLines(nara, events, { confirmAfterMs: 20, observer });
  expect(summary.confirmed).toMatchObject({ resent: 5, there: 5 });
  expect(judgeRestore(summary)).toBeUndefined();
});

test('what was not sent at first is not sent then, even if there is room now', async () => {
  const neighbours = [{ name: 'carol', isOnline: false }];
  const nara = await startAlice({ neighbours, events: [ping(100), ping(101)] });
  let looks = 0;
  const observer = {
    waiting: () => {
      if (looks++ === 0) expect(nara.cleanUp()).toBe(5);
    },
  };
  const events = Array.from({ length: 9 }, (_, at) => ping(at).line);
  const summary = await restoreLines(nara, events, { confirmAfterMs: 20, observer });
  expect(summary.toGo.events).toBe(3);
  expect(summary.confirmed).toMatchObject({ resent: 3, there: 3 });
});

test('says why what was sent is not there, where that can be told', async () => {
  const nara = await startAlice();
  const summary = await restoreLines(
    nara,
    Array.from({ length: 9 }, (_, at) => ping(at).line),
    { overfill: true },
  );
  expect(summary.confirmed?.missing).toEqual(new Map([['ping-limit', 4]]));
  expect(summary.confirmed?.examples.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((at) => ping(at).id));
  expect(judgeRestore(summary)?.exitStatus).toBe(3);
});

test('a target that does not tell its name needs one to be given', async () => {
  const nara = await startAlice({ door: 'mesh', faults: [parseFault('no-ping')] });
  await expect(restoreLines(nara, linesOf(HISTORY))).rejects.toMatchObject({ code: 'TARGET_UNREADABLE' });
  expect(judgeRestore(await restoreLines(nara, linesOf(HISTORY), { name: 'alice' }))).toBeUndefined();
});

test('what a target of another soul serves is not believed', async () => {
  const nara = await startAlice();
  const run = restoreLines(nara, linesOf(HISTORY), { keypair: BOB });
  await expect(run).rejects.toMatchObject({ code: 'TARGET_WRONG_SOUL', exitStatus: 12 });
  expect(nara.ledger).toEqual([]);
});

test('more than fits is told: what is over, and what stays', async () => {
  const nara = await startAlice({ capacity: 50 });
  const within = await restoreLines(nara, linesOf(HISTORY), { dryRun: true });
  expect(within.toGo.events).toBe(50);
  expect(within.target.overCapacity).toBe(0);
  const over = await restoreLines(nara, linesOf(HISTORY), { dryRun: true, overfill: true });
  expect(over.target.overCapacity).toBe(over.toGo.events - 50);
});

test('nothing to restore is no success', async () => {
  const nara = await startAlice();
  for (const lines of [[], ['no JSON'], [`{"id":"${'0'.repeat(32)}","ts":5,"svc":"dream"}`]]) {
    expect(judgeRestore(await restoreLines(nara, lines))).toMatchObject({
      code: 'NOTHING_TO_RESTORE',
      exitStatus: 3,
    });
  }
});

test('what a clean-up took is said to be of the clean-up', async () => {
  const nara = await startAlice({ neighbours: [{ name: 'carol', isOnline: false }] });
  const reads: string[] = [];
  const observer = { confirming: () => void reads.push(`${nara.cleanUp()}`) };
  const summary = await restoreLines(nara, [ping(1).line], { observer });
  expect(reads).toEqual(['1']);
  expect(summary.confirmed?.missing).toEqual(new Map([['clean-up', 1]]));
});

test('each answer of the ledger is progress: a large one takes longer than nothing may', async () => {
  const nara = await startAlice({ events: makeHistory({ naras: 1, eventsPerNara: 4500 }).ledgers[0]! });
  const http = new PeerHttp({ connectTimeoutMs: 5_000 });
  onTestFinished(() => http.close());
  let answers = 0;
  const { signal } = new AbortController();
  const options = { ...RESTORE_DEFAULTS, http, url: new URL(nara.url), keypair: ALICE, files: [], signal };
  const target = new Target(options.url, new TargetClock(), options, {
    signal,
    onProgress: () => {
      answers++;
    },
  });
  onTestFinished(() => target.close());
  await target.meet();
  expect((await target.look()).size).toBe(4500);
  expect(answers).toBeGreaterThan(2);
});
