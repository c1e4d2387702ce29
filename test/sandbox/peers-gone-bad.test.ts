import { hash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvent } from '../../src/event/event-view.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { scanLine } from '../../src/event/scanner.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { planBursts } from '../../src/sandbox/burst-plan.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { addMonsters } from '../../src/sandbox/monster-events.ts';
import { MovingEvents } from '../../src/sandbox/moving-events.ts';
import { startNara, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { cursorIn, headerOf, linesIn, send, sync, type RawAnswer } from './client.ts';

const history = makeHistory({ naras: 2, eventsPerNara: 60, pageSize: 20 });
const [alice, bob] = history.naras as [(typeof history.naras)[number], (typeof history.naras)[number]];
const truth = history.ledgers[1]!;
const lines = truth.map(({ line }) => line);
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(
  faults: string[],
  more: Partial<Parameters<typeof startNara>[0]> = {},
): Promise<SandboxNara> {
  const knownKeys = new Map([[alice.name, alice.publicKey]]);
  const nara = await startNara({
    identity: bob,
    events: truth,
    knownKeys,
    faults: faults.map(parseFault),
    ...more,
  });
  running.push(nara);
  return nara;
}

const page = (nara: SandboxNara, cursor = ''): Promise<RawAnswer> =>
  sync(nara, alice, { mode: 'page', page_size: 20, cursor });
const checkpoints = (nara: SandboxNara, query = ''): Promise<RawAnswer> =>
  send(nara.url, { method: 'GET', path: `/api/checkpoints/all${query}` });

describe('/api/checkpoints/all', () => {
  const many = makeHistory({ naras: 1, eventsPerNara: 300, pageSize: 20 }).ledgers[0]!;
  const all = many.filter(({ svc }) => svc === 'checkpoint').map(({ line }) => line);

  it('gives all checkpoints to anybody, unsigned', async () => {
    expect(all.length).toBeGreaterThan(2);
    const nara = await start([], { events: many });
    const answer = await checkpoints(nara);
    expect(linesIn(answer.body)).toEqual(all);
    expect(JSON.parse(answer.body)).toMatchObject({
      count: all.length,
      has_more: false,
      limit: 1000,
      offset: 0,
      server: 'bob',
      total: all.length,
    });
    expect(headerOf(answer, 'X-Nara-Signature')).toBeUndefined();
    expect(nara.given).toEqual(all);
  });

  it('gives them in pages', async () => {
    const nara = await start([], { events: many });
    const first = await checkpoints(nara, '?limit=2&offset=0');
    expect(linesIn(first.body)).toEqual(all.slice(0, 2));
    expect(JSON.parse(first.body)).toMatchObject({ has_more: true, limit: 2, count: 2, total: all.length });
    expect(linesIn((await checkpoints(nara, '?limit=2&offset=2')).body)).toEqual(all.slice(2, 4));
    expect(JSON.parse((await checkpoints(nara, '?offset=999')).body)).toMatchObject({
      checkpoints: null,
      count: 0,
    });
    for (const [asked, limit] of [
      ['0', 1000],
      ['-1', 1000],
      ['x', 1000],
      ['99999', 10_000],
    ] as const) {
      expect(JSON.parse((await checkpoints(nara, `?limit=${asked}`)).body)).toMatchObject({ limit });
    }
    expect((await send(nara.url, { method: 'POST', path: '/api/checkpoints/all' })).status).toBe(405);
  });

  it('no-checkpoints: is not there', async () => {
    expect((await checkpoints(await start(['no-checkpoints']))).status).toBe(404);
  });

  it('shift: so many a page, and each second page begins one further on', async () => {
    const nara = await start(['shift:2'], { events: many });
    expect(linesIn((await checkpoints(nara)).body)).toEqual(all.slice(0, 2));
    expect(linesIn((await checkpoints(nara, '?offset=1')).body)).toEqual(all.slice(2, 4));
    expect(linesIn((await checkpoints(nara, '?offset=1')).body)).toEqual(all.slice(1, 3));
  });
});

describe('ledgers', () => {
  it('legacy: ties in another order each time, the same for the same seed', async () => {
    const answers = async (): Promise<string[]> => {
      const nara = await start(['legacy']);
      return Promise.all([0, 1, 2].map(async () => linesIn((await page(nara)).body).join()));
    };
    const [first, second] = [await answers(), await answers()];
    expect(new Set(first).size).toBe(3);
    expect(second).toEqual(first);
    const times = linesIn((await page(await start(['legacy']))).body).map(
      (line) => /"ts":(\d+)/.exec(line)![1]!,
    );
    expect(times).toEqual(times.toSorted());
  });

  it('moving: some come and others go for good, the rest stays', async () => {
    const moving = new MovingEvents(truth, 'seed');
    const before = new Set(moving.current);
    const held = [...moving.current];
    for (let at = 0; at < 20; at++) {
      moving.move();
      held.push(...moving.current);
    }
    expect(new Set(held)).toEqual(new Set(truth));
    expect(moving.current.filter((event) => before.has(event))).toHaveLength(truth.length - 12);
    expect(moving.current).toHaveLength(truth.length - 6);
    const nara = await start(['moving']);
    const atStart = nara.ledger;
    await page(nara);
    expect(nara.ledger).not.toEqual(atStart);
  });

  it('a burst of any size lies in the middle, whole, and touches no other', () => {
    for (const size of [1, 30, 100, 250]) {
      const bursts = planBursts(300, 40, new Prng('plan'), size);
      expect(bursts).toContainEqual({ start: Math.floor((300 - size) / 2), size });
      for (const [at, { start }] of bursts.entries()) {
        if (at > 0) expect(start).toBeGreaterThan(bursts[at - 1]!.start + bursts[at - 1]!.size - 1);
      }
    }
    const ledgers = makeHistory({ naras: 2, eventsPerNara: 6000, middleBurst: 5100 }).ledgers;
    for (const ledger of ledgers) {
      expect(ledger).toHaveLength(6000);
      expect(ledger.filter(({ tsNs }) => tsNs === ledger[3000]!.tsNs)).toHaveLength(5100);
    }
  });
});

describe('pages', () => {
  it('disorder: the same events, the cursor of the last that stands there', async () => {
    const { body } = await page(await start(['disorder']));
    expect(linesIn(body)).not.toEqual(lines.slice(0, 20));
    expect(linesIn(body).toSorted()).toEqual(lines.slice(0, 20).toSorted());
    expect(linesIn(body).at(-1)).toContain(`"ts":${cursorIn(body)!},`);
  });

  it('repeat: each answer twice, whatever is asked', async () => {
    const nara = await start(['repeat']);
    const first = await page(nara);
    expect(linesIn((await page(nara, cursorIn(first.body))).body)).toEqual(linesIn(first.body));
    expect(linesIn((await page(nara, cursorIn(first.body))).body)).not.toEqual(linesIn(first.body));
  });

  it('endless: full pages for ever, each newer than its cursor', async () => {
    const nara = await start(['endless']);
    let cursor = '';
    for (let at = 0; at < 5; at++) {
      const { body } = await page(nara, cursor);
      expect(linesIn(body)).toHaveLength(20);
      expect(BigInt(cursorIn(body)!)).toBeGreaterThan(BigInt(cursor === '' ? 0 : cursor));
      cursor = cursorIn(body)!;
    }
  });

  it('future: a last event of the far future, which gives the cursor', async () => {
    const { body } = await page(await start(['future']));
    expect(linesIn(body).slice(0, -1)).toEqual(lines.slice(0, 20));
    expect(cursorIn(body)).toBe('9200000000000000000');
  });

  it('monster: each is JSON; most are events as good as any', () => {
    const monsters = addMonsters(truth).filter((event) => !truth.includes(event));
    const proofs = monsters.map(({ line }) => proveEvent(readEvent(scanLine(Buffer.from(line))!)).class);
    expect(proofs).toEqual(['id', 'id', 'id', 'hostile', 'id', 'id', 'hostile']);
    expect(Math.min(...monsters.map(({ line }) => line.length))).toBeGreaterThan(200_000);
  });
});

describe('answers', () => {
  it('impostor: the name and key of another, and no signature of his', async () => {
    const nara = await start(['impostor:alice']);
    const { body } = await send(nara.url, { method: 'GET', path: '/ping' });
    expect(JSON.parse(body)).toMatchObject({ from: 'alice', public_key: alice.publicKey });
    const answer = await page(nara);
    expect(headerOf(answer, 'X-Nara-Name')).toBe('alice');
    const stamp = headerOf(answer, 'X-Nara-Timestamp')!;
    const signed = Buffer.from(`alice${stamp}${hash('sha256', answer.body, 'base64')}`);
    const signature = headerOf(answer, 'X-Nara-Signature')!;
    const verdicts = [alice, bob].map(({ publicKey }) =>
      PublicKey.parse(publicKey)!.verify(signed, signature),
    );
    expect(verdicts).toEqual([false, true]);
  });

  it('flaky: each Nth request, by a reset, a 503 and a 429 in turn, and never the next', async () => {
    const nara = await start(['flaky:2']);
    const said: (number | string)[] = [];
    for (let at = 0; at < 8; at++) {
      said.push(
        await page(nara).then(
          ({ status }) => status,
          () => 'reset',
        ),
      );
    }
    expect(said).toEqual([200, 'reset', 200, 503, 200, 429, 200, 'reset']);
  });

  it('flaky: the 429 says when to come again', async () => {
    const nara = await start(['flaky:2']);
    for (let at = 0; at < 5; at++) await page(nara).catch(() => undefined);
    expect(headerOf(await page(nara), 'Retry-After')).toBe('0');
  });

  it('trickle: byte by byte, whole if one waits', async () => {
    const nara = await start(['trickle'], { events: [] });
    const pieces: number[] = [];
    const answer = await sync(
      nara,
      alice,
      { mode: 'page' },
      { onData: (chunk) => pieces.push(chunk.length) },
    );
    expect(JSON.parse(answer.body)).toMatchObject({ from: 'bob', events: null });
    expect(pieces.length).toBeGreaterThan(20);
  });

  it('bear names in UTF-8, and take them so', async () => {
    const name = 'zoë 漢字';
    const zoe = makeIdentity(name, new Prng(name));
    const nara = await start([], { identity: zoe, knownKeys: new Map([[name, zoe.publicKey]]) });
    const headers = {
      'X-Nara-Name': Buffer.from(name).toString('latin1'),
      'X-Nara-Timestamp': String(Date.now()),
      'X-Nara-Signature': '',
    };
    const signed = Buffer.from(`${name}${headers['X-Nara-Timestamp']}POST/events/sync`);
    headers['X-Nara-Signature'] = zoe.sign(signed);
    const answer = await sync(nara, zoe, { mode: 'page' }, { headers });
    expect(answer.status).toBe(200);
    expect(Buffer.from(headerOf(answer, 'X-Nara-Name')!, 'latin1').toString()).toBe(name);
  });
});
