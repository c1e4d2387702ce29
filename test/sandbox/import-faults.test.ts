import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { headerOf, send, sync } from './client.ts';
import { clock, importBody, importInto, NOW_NS, postImport, seen } from './importing.ts';

const alice = makeIdentity('alice', new Prng('import faults'));
const events = [1, 2, 3, 4, 5, 6, 7, 8].map((tsNs) => seen(tsNs));
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(faults: string, options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const nara = await startNara({
    identity: alice,
    clock,
    faults: faults.split(' ').filter(Boolean).map(parseFault),
    ...options,
  });
  running.push(nara);
  return nara;
}

/** What becomes of each event, sent one by one with an empty probe before it: its status, or why there is none. */
async function fates(nara: SandboxNara, count = events.length): Promise<(number | string)[]> {
  const seenFates: (number | string)[] = [];
  for (const one of events.slice(0, count)) {
    expect((await postImport(nara, importBody(alice, []))).status).toBe(200);
    seenFates.push(await fateOf(nara, importBody(alice, [one])));
  }
  return seenFates;
}

async function fateOf(nara: SandboxNara, body: string): Promise<number | string> {
  try {
    return (await postImport(nara, body)).status;
  } catch (error) {
    return (error as NodeJS.ErrnoException).message;
  }
}

function stored(nara: SandboxNara): number[] {
  return nara.ledger.map(({ tsNs }) => Number(tsNs));
}

/** Sends an import that is never answered, and waits until the nara had time to do what it does with it. */
async function leaveHanging(nara: SandboxNara): Promise<void> {
  const abort = new AbortController();
  const silent = postImport(nara, importBody(alice, [events[0]!]), { signal: abort.signal });
  const imports = () => nara.requests.filter(({ path }) => path === '/api/events/import');
  while (imports().length < 1) await send(nara.url, { method: 'GET', path: '/ping' });
  await send(nara.url, { method: 'GET', path: '/ping' });
  abort.abort();
  await expect(silent).rejects.toThrow('aborted');
  expect(imports()[0]!.status).toBe(0);
}

describe('nothing is stored', () => {
  it('refuse: from import N on', async () => {
    const nara = await start('refuse:500:3');
    expect(await fates(nara, 4)).toEqual([200, 200, 500, 500]);
    expect(stored(nara)).toEqual([1, 2]);
  });

  it.each([
    [429, '0'],
    [503, '0'],
    [502, undefined],
  ])('refuse: %i says Retry-After: %s', async (code, retryAfter) => {
    const nara = await start(`refuse:${code}`);
    const answer = await postImport(nara, importBody(alice, events));
    expect([answer.status, headerOf(answer, 'Retry-After')]).toEqual([code, retryAfter]);
    expect(stored(nara)).toEqual([]);
  });

  it('busy: each Nth fails in another way', async () => {
    const nara = await start('busy:2');
    expect(await fates(nara)).toEqual([200, 'read ECONNRESET', 200, 503, 200, 429, 200, 'read ECONNRESET']);
    expect(stored(nara)).toEqual([1, 3, 5, 7]);
  });

  it('drop: import N, and no other', async () => {
    const nara = await start('drop:2 drop:4');
    expect(await fates(nara, 5)).toEqual([200, 'read ECONNRESET', 200, 'read ECONNRESET', 200]);
    expect(stored(nara)).toEqual([1, 3, 5]);
  });

  it('freeze: no answer', async () => {
    const nara = await start('freeze');
    await leaveHanging(nara);
    expect(stored(nara)).toEqual([]);
    expect(await fates(await start('freeze:3'), 2)).toEqual([200, 200]);
  });

  it('body-limit: larger ones meet a proxy', async () => {
    const body = importBody(alice, events);
    const nara = await start(`body-limit:${body.length}`);
    expect((await postImport(nara, `${body} `)).status).toBe(413);
    expect(stored(nara)).toEqual([]);
    const answer = await postImport(await start(`body-limit:${body.length - 1}`), body);
    expect([answer.status, headerOf(answer, 'Content-Type')]).toEqual([413, 'text/html; charset=utf-8']);
    expect((await postImport(nara, body)).status).toBe(200);
  });
});

describe('stored, and the answer is lost', () => {
  it('lost-answer: the connection breaks', async () => {
    const nara = await start('lost-answer:2');
    expect(await fates(nara, 3)).toEqual([200, 'socket hang up', 200]);
    expect(stored(nara)).toEqual([1, 2, 3]);
    expect(await importInto(nara, alice, events.slice(0, 3))).toMatchObject({ imported: 0, duplicates: 3 });
  });

  it('no-answer: silence', async () => {
    const nara = await start('no-answer:1');
    await leaveHanging(nara);
    expect(stored(nara)).toEqual([1]);
  });

  it('but where it is refused, the refusal comes', async () => {
    const nara = await start('lost-answer:1');
    const forged = importBody(alice, [events[0]!], { ids: [] });
    expect((await postImport(nara, forged)).status).toBe(403);
  });
});

it.each([
  ['slow-import:1', {}],
  ['', { slowMsPerEvent: 1 }],
])('slow "%s": late, all the same whole', async (fault, options) => {
  const nara = await start(fault, options);
  expect(await importInto(nara, alice, events)).toMatchObject({ imported: 8 });
});

describe('other paths', () => {
  const get = async (nara: SandboxNara, path: string) =>
    (await send(nara.url, { method: 'GET', path })).status;

  it('no-narae', async () => {
    expect(await get(await start('', { door: 'web' }), '/narae.json')).toBe(200);
    expect(await get(await start('no-narae', { door: 'web' }), '/narae.json')).toBe(404);
  });

  it('no-sync', async () => {
    const nara = await start('no-sync');
    const answer = await sync(nara, alice, { mode: 'page' }, { unixMs: NOW_NS / 1_000_000n });
    expect([answer.status, answer.body]).toEqual([404, '404 page not found\n']);
    expect(await importInto(nara, alice, events)).toMatchObject({ imported: 8 });
  });

  it('html: a web server that is no nara', async () => {
    const nara = await start('html', { door: 'web' });
    for (const path of ['/', '/ping', '/narae.json', '/api/events/import']) {
      const answer = await send(nara.url, { method: 'GET', path });
      expect([answer.status, headerOf(answer, 'Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.body).toContain('<html>');
    }
    expect((await postImport(nara, importBody(alice, events))).status).toBe(200);
    expect(stored(nara)).toEqual([]);
  });
});
