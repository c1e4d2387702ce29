import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { contentString } from '../../src/event/content.ts';
import { computeEventId } from '../../src/event/id.ts';
import { base64Error } from '../../src/sandbox/go-base64.ts';
import { HOSTILE_KINDS, makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import { isPoison, parseImport } from '../../src/sandbox/import-request.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { isService, viewPayload } from '../../src/sandbox/payload-view.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { parseLine } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, readIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { headerOf, send, sync, linesIn } from './client.ts';
import {
  clock,
  event,
  heyThere,
  importBody,
  importInto,
  NOW_NS,
  NOW_SECONDS,
  ping,
  postImport,
  seen,
} from './importing.ts';

const prng = new Prng('imports');
const alice = makeIdentity('alice', prng);
const bob = makeIdentity('bob', prng);
const carol = makeIdentity('carol', prng);
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const nara = await startNara({
    identity: alice,
    knownKeys: new Map([[bob.name, bob.publicKey]]),
    clock,
    ...options,
  });
  running.push(nara);
  return nara;
}

function refusal(error: string): string {
  return `{"success":false,"imported":0,"duplicates":0,"error":"${error}"}\n`;
}

function readVectors(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${file}`, import.meta.url), 'utf8'));
}

interface ImportVector {
  body: string;
  soul: string;
  unix_s: number;
}

it.each(readVectors('import.json') as ImportVector[])('believes what Go signed: $ids', async (vector) => {
  const identity = readIdentity('alice', vector.soul);
  const nara = await start({ identity, clock: () => BigInt(vector.unix_s) * 1_000_000_000n });
  const sent = linesIn(vector.body).length;
  const { status, body } = await postImport(nara, vector.body);
  expect([status, body]).toEqual([200, `{"success":true,"imported":${sent},"duplicates":0}\n`]);
  expect(
    (await postImport(nara, vector.body.replace(`"ts":${vector.unix_s},`, `"ts":${vector.unix_s + 1},`)))
      .status,
  ).toBe(403);
});

describe('the answer', () => {
  it('counts what is not taken among the duplicates, and serves the rest', async () => {
    const nara = await start({ events: [seen(1)] });
    const unknown = event('nosuch', 1, { a: 1 });
    const { body } = await postImport(nara, importBody(alice, [seen(1), seen(3), seen(2), unknown]));
    expect(body).toBe('{"success":true,"imported":2,"duplicates":2}\n');
    const page = await sync(nara, bob, { mode: 'page' }, { unixMs: NOW_NS / 1_000_000n });
    expect(linesIn(page.body)).toEqual([seen(1), seen(2), seen(3)].map(({ line }) => line));
    expect(nara.ledger).toEqual([seen(1), seen(2), seen(3)]);
  });

  it('warns of signatures that it cannot verify, those of duplicates too', async () => {
    const nara = await start();
    const by = (signer: typeof bob, tsNs: number) =>
      event('seen', tsNs, { observer: 'x', subject: 'y', via: 'z' }, { signer });
    const forged = parseLine(by(bob, 3).line.replace('"observer":"x"', '"observer":"w"')).event;
    const events = [by(alice, 1), by(bob, 2), forged, by(carol, 4), seen(5)];
    expect(await importInto(nara, alice, events)).toMatchObject({ imported: 5, warnings: 2 });
    expect(await importInto(nara, alice, events)).toMatchObject({
      imported: 0,
      duplicates: 5,
      warnings: 2,
    });
  });

  it('to an empty import is 200, and nothing changes', async () => {
    const nara = await start({ events: [seen(1)] });
    const before = nara.ledger;
    for (const events of ['[]', 'null']) {
      const body = importBody(alice, []).replace('[]', events);
      expect(await postImport(nara, body)).toMatchObject({
        status: 200,
        body: '{"success":true,"imported":0,"duplicates":0}\n',
      });
    }
    expect(nara.ledger).toBe(before);
  });
});

describe('what is refused', () => {
  it('other methods, in plain text', async () => {
    const nara = await start();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await postImport(nara, '', { method });
      expect([answer.status, answer.body]).toEqual([405, 'Method not allowed\n']);
      expect(headerOf(answer, 'Content-Type')).toBe('text/plain; charset=utf-8');
    }
  });

  it.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['a ts of text', '{"events":[],"ts":"1","sig":""}'],
    ['a ts with a fraction', '{"events":[],"ts":1.0,"sig":""}'],
    ['a ts beyond int64', '{"events":[],"ts":9223372036854775808,"sig":""}'],
    ['a sig that is a number', '{"events":[],"ts":1,"sig":5}'],
    ['events that are no list', '{"events":{},"ts":1,"sig":""}'],
    ['an event that is no object', '{"events":[5],"ts":1,"sig":""}'],
    ['a byte order mark', `\ufeff${importBody(alice, [])}`],
    ['half of it', importBody(alice, [seen(1)]).slice(0, 40)],
    ['gzip', gzipSync(importBody(alice, [])).toString('latin1')],
  ])('%s: 400', async (_what, body) => {
    const answer = await postImport(await start(), body);
    expect([answer.status, answer.body]).toEqual([400, refusal('Invalid JSON')]);
    expect(headerOf(answer, 'Content-Type')).toBe('application/json');
  });

  it('one wrong type anywhere, though it stands behind a key given twice', async () => {
    const nara = await start();
    const line = seen(2).line.replace('{', '{"id":"00000000","observation":{"observer_uptime":-1},');
    const body = importBody(alice, [seen(1), { ...seen(2), line }]);
    expect(await postImport(nara, body)).toMatchObject({ status: 400, body: refusal('Invalid JSON') });
    expect(nara.ledger).toEqual([]);
  });

  it.each([
    [-300n, 200],
    [300n, 200],
    [-301n, 403],
    [301n, 403],
  ])('a ts %i s off: %i', async (offset, expected) => {
    const nara = await start();
    const body = importBody(alice, [seen(1)], { ts: NOW_SECONDS - offset });
    const answer = await postImport(nara, body);
    expect(answer.status).toBe(expected);
    if (expected === 403)
      expect(answer.body).toBe(
        refusal(`Authentication failed: timestamp too old or in future: ${offset < 0n ? '-' : ''}5m1s`),
      );
  });

  it('a ts at the end of time, whose age Go cannot hold', async () => {
    const { body } = await postImport(await start(), '{"ts":-9223372036854775808}');
    expect(body).toContain('in future: 2562047h47m16.854775807s');
  });

  it("time before Base64 before signature; another's key, other IDs", async () => {
    const nara = await start();
    const off = importBody(alice, [seen(1)], { ts: 5n }).replace('"sig":"', '"sig":"!');
    expect((await postImport(nara, off)).body).toContain('timestamp too old');
    const crooked = importBody(alice, [seen(1)]).replace('"sig":"', '"sig":"!');
    expect((await postImport(nara, crooked)).body).toBe(
      refusal('Authentication failed: invalid signature encoding: illegal base64 data at input byte 0'),
    );
    const failed = refusal('Authentication failed: signature verification failed');
    expect((await postImport(nara, importBody(bob, [seen(1)]))).body).toBe(failed);
    expect((await postImport(nara, importBody(alice, [seen(1)], { ids: [] }))).body).toBe(failed);
    expect(await postImport(nara, '{}')).toMatchObject({ status: 403 });
    expect(nara.ledger).toEqual([]);
  });
});

describe('IDs are those that the server reads', () => {
  it.each([
    ['the last of several', '{"id":"aaaaaaaa","ID":"bbbbbbbb",', 'bbbbbbbb'],
    ['a null leaves it', '{"id":"aaaaaaaa","id":null,', 'aaaaaaaa'],
    ['escapes', '{"\\u0069D":"a\\u0062cdefgh",', 'abcdefgh'],
    ['8 bytes are enough, not characters', '{"id":"ääää",', 'ääää'],
  ])('%s', async (_what, start8, id) => {
    const nara = await start();
    const line = seen(1).line.replace(/^\{"id":"[^"]*",/, start8);
    const body = importBody(alice, [{ ...seen(1), line }], { ids: [id] });
    expect((await postImport(nara, body)).body).toContain('"imported":1');
    expect(nara.ledger.map((one) => one.id)).toEqual([id]);
  });
});

describe('the handler dies, and nothing of the batch is imported', () => {
  const poison = ['short id', 'no id', 'id null', 'payload missing', 'payload null'];

  it.each(poison)('%s', async (kind) => {
    const nara = await start();
    const bad = makeHostileEvent(seen(2), HOSTILE_KINDS.indexOf(kind));
    const body = importBody(alice, [seen(1), bad, ping('bob', 3)]);
    await expect(postImport(nara, body)).rejects.toThrow('socket hang up');
    expect(nara.ledger).toEqual([]);
    expect(nara.requests.map(({ status }) => status)).toEqual([0]);
    expect(await importInto(nara, alice, [seen(1)])).toMatchObject({ imported: 1 });
  });

  it('null among the events', async () => {
    const nara = await start();
    const body = importBody(alice, []).replace('[]', '[null]');
    await expect(postImport(nara, body)).rejects.toThrow('socket hang up');
  });
});

describe('keys', () => {
  it('come with a hey-there, signed or not, and the first wins', async () => {
    const nara = await start();
    const impostor = { ...makeIdentity('carol', prng), name: 'carol' };
    const by = event('seen', 9, { observer: 'x', subject: 'y', via: 'z' }, { signer: carol });
    expect(await importInto(nara, alice, [heyThere(carol, 5), by])).not.toHaveProperty('warnings');
    expect(nara.keys.get('carol')).toBe(carol.publicKey);
    await importInto(nara, alice, [heyThere(impostor, 6), heyThere({ ...impostor, name: 'bob' }, 7)]);
    expect(nara.keys.get('carol')).toBe(carol.publicKey);
    expect(nara.keys.get('bob')).toBe(bob.publicKey);

    const fooled = await start();
    const unsigned = heyThere(impostor, 6, null);
    expect(await importInto(fooled, alice, [unsigned, heyThere(carol, 5), by])).toMatchObject({
      warnings: 2,
    });
    expect(fooled.keys.get('carol')).toBe(impostor.publicKey);
  });

  it('do not come with a chau, nor with a hey-there that another key signed, nor for the nara itself', async () => {
    const nara = await start();
    const payload = { From: 'carol', PublicKey: carol.publicKey, ID: '', Signature: '' };
    const chau = event('chau', 5, payload, { signer: carol });
    const self = heyThere({ ...carol, name: 'alice' }, 7);
    expect(await importInto(nara, alice, [chau, heyThere(carol, 6, bob), self])).toMatchObject({
      imported: 3,
    });
    expect([...nara.keys]).toEqual([
      ['bob', bob.publicKey],
      ['alice', alice.publicKey],
    ]);
  });
});

describe('doors', () => {
  it('take imports both, the web one where it serves the UI', async () => {
    for (const options of [{ door: 'web' }, { serveUi: false }] as const) {
      expect((await postImport(await start(options), importBody(alice, []))).status).toBe(200);
    }
    const closed = await start({ door: 'web', serveUi: false });
    expect((await postImport(closed, importBody(alice, []))).status).toBe(404);
    expect((await send(closed.url, { method: 'GET', path: '/ping' })).status).toBe(200);
  });
});

interface OddJson {
  input_base64: string;
  server_error?: string;
  server_reads?: { id: string; ts: string; svc: string; emitter: string; computed_id: string };
  server_panics?: boolean;
}

describe("reads as Go's decoder does", () => {
  // What stands behind an event is an error in a list, as it is behind an event on its own.
  const odd = (readVectors('odd-json.json') as OddJson[]).map((vector) => ({
    ...vector,
    text: Buffer.from(vector.input_base64, 'base64').toString(),
  }));

  it.each(odd.map((vector) => [vector.text.slice(0, 60), vector] as const))('%s', (_text, vector) => {
    const request = parseImport(`{"events":[${vector.text}]}`);
    if (vector.text === '') expect(request?.events).toEqual([]);
    else if (vector.server_reads === undefined) expect(request).toBeUndefined();
    else {
      const [held] = request!.events;
      const { id, ts, svc, emitter } = vector.server_reads;
      expect([held!.event.id, String(held!.event.tsNs), held!.event.svc, held!.emitter]).toEqual([
        id,
        ts,
        svc,
        emitter,
      ]);
      if (isService(svc) && held!.payload !== undefined) {
        const content = contentString(viewPayload(svc, held!.payload));
        expect(computeEventId(ts, svc, content)).toBe(vector.server_reads.computed_id);
      } else expect(isPoison(held!)).toBe(true);
    }
  });

  it('lets the last of several win, and null only clear what is a payload', () => {
    const { line } = seen(1);
    const twice = parseImport(`{"events":[${line},${line}],"events":[${line}],"ts":7,"ts":null,"sig":null}`);
    expect(twice).toMatchObject({ ts: 7n, sig: '', events: [{ event: seen(1) }] });
    expect(twice!.events).toHaveLength(1);
    const cleared = parseImport(`{"events":[${line.replace(/}$/, ',"seen":null}')}]}`);
    expect(cleared!.events[0]!.payload).toBeUndefined();
  });

  it('leaves alone what follows the first value', () => {
    expect(parseImport('{"EVENTS":null,"T\u017f":7,"sig":"x"} trailing')).toEqual({
      events: [],
      ts: 7n,
      sig: 'x',
    });
  });

  it.each([
    ['abc', 0],
    ['ab=', 3],
    ['ab==x', 4],
    ['ab=c', 2],
    ['a===', 1],
    ['abc!', 3],
    ['abcda', 4],
    ['abcd\nab', 5],
    ['abc=d', 4],
    ['ab=\nx', 3],
    ['abcd=', 4],
  ])('finds the byte of bad Base64: %j', (text, at) => {
    expect(base64Error(text)).toBe(`illegal base64 data at input byte ${at}`);
  });

  it.each(['', 'abcd', 'ab==', 'ab=\n=', 'abc=\r\n', 'a\nbcd'])('finds no fault with %j', (text) => {
    expect(base64Error(text)).toBeUndefined();
  });
});
