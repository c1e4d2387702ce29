import { describe, expect, it } from 'vitest';
import { PeerHttp } from '../../src/mesh/http.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { httpAnswer } from '../mesh/raw-server.ts';
import { alice, asked, bob, lostInSilence, serveRaw, startBob, truth, walk } from './walking.ts';

const MEBIBYTE = 1 << 20;
const wide = { maxPageBytes: 32 * MEBIBYTE };

describe('a peer that invents without end', () => {
  it.each([
    ['events', { maxPeerEvents: 150 }, 'gives more than 150 events or 1073741824 bytes'],
    ['bytes', { maxPeerBytes: 40_000 }, 'gives more than 1000000 events or 40000 bytes'],
  ])('is left at the bound of %s, its gifts kept, the rest named', async (_what, bounds, message) => {
    const nara = await startBob(['endless']);
    const walked = await walk(nara.url, bounds);
    expect(walked).toMatchObject({ state: 'incomplete', codes: ['PEER_ENDLESS'] });
    const [flaw] = walked.report.flaws;
    expect(flaw?.error.message).toBe(message);
    expect(flaw?.fromNs).toBe(walked.report.lastTsNs);
    expect(flaw?.toNs).toBeUndefined();
    expect(walked.lines.length).toBeGreaterThan(50);
    expect(walked.report.bytes).toBeLessThanOrEqual(60_000);
  });

  it('is not who has exactly as much', async () => {
    const nara = await startBob([], { events: many(200) });
    const { report } = await walk(nara.url, { maxPeerEvents: 200, pageSize: 7 });
    expect(report.flaws).toEqual([]);
    expect(report.events).toBeGreaterThan(220);
    const tight = await walk(nara.url, { maxPeerEvents: 150 });
    expect(tight.codes).toEqual(['PEER_ENDLESS']);
    expect(lostInSilence(nara, tight)).toEqual([]);
    expect((await walk(nara.url, { maxPeerBytes: report.bytes, pageSize: 7 })).codes).toEqual([]);
  });

  it('bears the bound of its bytes in one answer, too', async () => {
    const walked = await walk((await startBob(['huge:3000000'])).url, { maxPeerBytes: MEBIBYTE });
    expect(walked).toMatchObject({ state: 'failed', codes: ['PEER_ENDLESS'] });
    expect(walked.report.bytes).toBeLessThan(1.2 * MEBIBYTE);
  });

  it('among the hostile events of no time is left all the same', async () => {
    let at = 0;
    const { url } = await serveRaw((request, socket) => {
      const events = Array.from({ length: 20 }, () => `{"id":"invented","id":"invented ${at}"}`);
      const page = `{"events":[${events.join(',')}],"next_cursor":"${(at += 10)}"}`;
      socket.write(httpAnswer(request.startsWith('GET') ? '{}' : page));
    });
    expect((await walk(url, { maxPeerEvents: 200 })).codes).toEqual(['PEER_ENDLESS']);
  });
});

describe('a far future', () => {
  it('in every page neither ends the walk nor leads past anything', async () => {
    const nara = await startBob(['future']);
    const walked = await walk(nara.url);
    expect(walked.codes).toEqual([]);
    const got = new Set(walked.lines);
    expect(truth.filter(({ line }) => !got.has(line))).toEqual([]);
    expect(asked(nara).length).toBeLessThan(15);
  });

  it('of more than a page is walked as any other', async () => {
    const future = Array.from({ length: 70 }, (_, at) =>
      makeEvent({
        tsNs: 9_000_000_000_000_000_000n + BigInt(at >> 2),
        svc: 'seen',
        payload: { observer: 'a', subject: 'b', via: `${at}` },
      }),
    );
    const events = [...truth, ...future];
    const walked = await walk((await startBob([], { events })).url);
    expect(walked).toMatchObject({ state: 'complete', report: { warnings: [] } });
    expect(new Set(walked.lines)).toEqual(new Set(events.map(({ line }) => line)));
  });
});

describe('monsters', () => {
  it('come through or are hostile, byte for byte, and cost the walk nothing', async () => {
    const nara = await startBob(['monster']);
    const walked = await walk(nara.url, wide);
    expect(walked).toMatchObject({ state: 'complete', codes: [], report: { label: 'bob', warnings: [] } });
    expect(new Set(walked.lines)).toEqual(new Set(nara.ledger.map(({ line }) => line)));
    expect(nara.ledger.filter(({ line }) => line.length > 100_000)).toHaveLength(7);
  });

  it('come through the slices of an old server', async () => {
    const nara = await startBob(['monster', 'legacy'], { events: many(2100) });
    const walked = await walk(nara.url, { ...wide, pageSize: 2000 });
    expect(walked.codes).toEqual([]);
    expect(lostInSilence(nara, walked)).toEqual([]);
  });

  it('among the names that a peer bears are cut or not taken', async () => {
    const long = 'x'.repeat(MEBIBYTE);
    const { url } = await serveRaw((request, socket) => {
      const ping = `{"from":"${long}","public_key":"${bob.publicKey}"}`;
      const page = `{"from":"${long}","events":null,"ts":1,"sig":"${long}"}`;
      socket.write(httpAnswer(request.startsWith('GET') ? ping : page));
    });
    const { report } = await walk(url);
    expect(report.label).toBe(url.slice('http://'.length));
    expect(report.claimedName).toBeUndefined();
    expect(JSON.stringify([report.warnings, report.notes]).length).toBeLessThan(1000);
    const named = await serveRaw((request, socket) => {
      const ping = `{"from":"${'y'.repeat(256)}","public_key":"${bob.publicKey}"}`;
      if (request.startsWith('GET')) socket.write(httpAnswer(ping));
      else socket.write(httpAnswer('', [`Location: ${'z'.repeat(10_000)}`], '307 Temporary Redirect'));
    });
    const redirected = await walk(named.url);
    expect(redirected.report.label.length).toBe(256);
    expect(redirected.report.flaws[0]!.error.message.length).toBeLessThan(300);
  });
});

function many(count: number): (typeof truth)[number][] {
  return Array.from({ length: count }, (_, at) =>
    makeEvent({
      tsNs: BigInt(at + 1),
      svc: 'seen',
      payload: { observer: `n${at % 50}`, subject: `n${at % 7}`, via: `${at}` },
    }),
  );
}

describe('an impostor', () => {
  it("shows another's name and key, and proves nothing by it", async () => {
    const nara = await startBob(['impostor:alice']);
    const walked = await walk(nara.url);
    expect(walked.report).toMatchObject({
      label: 'alice',
      claimedName: 'alice',
      publicKey: alice.publicKey,
      proven: false,
    });
    expect(walked.lines).toEqual([]);
    const accepted = await walk(nara.url, { acceptUnsigned: true });
    expect(accepted).toMatchObject({ state: 'complete', report: { proven: false } });
  });
});

/** Every fault that could spill over, and bounds under which each ends soon. */
const FAULTS = [
  'disorder',
  'repeat',
  'endless',
  'future',
  'impostor:alice',
  'monster',
  'flaky:2',
  'trickle',
  'stuck-cursor',
  'back-cursor',
  'huge:3000000',
  'gzip',
  'hostile',
  'malformed',
  'wrong-key',
  'hang',
  'moving',
];

it.each(FAULTS)('%s: another peer, walked at the same time, suffers nothing', async (fault) => {
  const bounds = {
    ...wide,
    timeoutMs: 3000,
    maxPeerEvents: 500,
    maxPeerBytes: 2 * MEBIBYTE,
    firstByteTimeoutMs: 700,
  };
  const http = new PeerHttp({ connectTimeoutMs: 5000 });
  const [bad, good] = [await startBob([fault]), await startBob()];
  const [, honest] = await Promise.all([
    walk(bad.url, { ...bounds, http, checkpoints: true, beforeAgain: () => undefined }),
    // Its own time is not at stake.
    walk(good.url, { http: new PeerHttp({ connectTimeoutMs: 5000 }), checkpoints: true }),
  ]);
  await http.close();
  expect(honest).toMatchObject({
    state: 'complete',
    codes: [],
    report: { proven: true, warnings: [], notes: [] },
  });
  expect(new Set(honest.lines)).toEqual(new Set(truth.map(({ line }) => line)));
});

it('ends, whatever a peer says', async () => {
  for (const fault of ['disorder', 'repeat', 'future', 'moving', 'hostile', 'lie']) {
    for (const more of ['legacy', 'flaky:3', 'no-key', 'unsigned']) {
      const nara = await startBob([fault, more]);
      const walked = await walk(nara.url, { checkpoints: true, acceptUnsigned: true });
      expect(walked.state).toBe('complete');
      if (fault !== 'moving') expect(lostInSilence(nara, walked)).toEqual([]);
    }
  }
});
