import { afterEach, describe, expect, it } from 'vitest';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { headerOf, send, type RawAnswer } from './client.ts';
import { clock, event, heyThere, importInto, NOW_SECONDS, seen, status, tease } from './importing.ts';

const prng = new Prng('web port');
const alice = makeIdentity('alice', prng);
const bob = makeIdentity('bob', prng);
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const knownKeys = new Map([['bob', bob.publicKey]]);
  const nara = await startNara({ identity: alice, knownKeys, clock, door: 'web', ...options });
  running.push(nara);
  return nara;
}

function get(nara: SandboxNara, path: string): Promise<RawAnswer> {
  return send(nara.url, { method: 'GET', path });
}

it('the mesh port tells none of it', async () => {
  const nara = await start({ door: 'mesh' });
  for (const path of ['/narae.json', '/api/inspector/events']) {
    expect(await get(nara, path)).toMatchObject({ status: 404, body: '404 page not found\n' });
  }
});

describe('/narae.json', () => {
  interface Narae {
    server: string;
    naras: { Name: string; Online: string }[];
  }
  const read = async (nara: SandboxNara) => JSON.parse((await get(nara, '/narae.json')).body) as Narae;

  it('tells of the nara itself and its neighbours', async () => {
    const nara = await start({ events: [seen(1), seen(2), tease(3)], ageSeconds: 100 });
    const { server, naras } = await read(nara);
    expect(server).toBe('alice');
    expect(naras).toEqual([
      expect.objectContaining({ Name: 'bob', Online: 'ONLINE' }),
      {
        ID: alice.naraId,
        LastRestart: Number(NOW_SECONDS) - 100,
        MemoryMaxEvents: 80_000,
        MemoryMode: 'medium',
        Name: 'alice',
        Online: 'ONLINE',
        event_store_by_service: { seen: 2, social: 1 },
        event_store_total: 3,
      },
    ]);
    expect(headerOf(await get(nara, '/narae.json'), 'Content-Type')).toBe('application/json; charset=utf-8');
  });

  it('changes with what it hears', async () => {
    const carol = makeIdentity('carol', prng);
    const nara = await start({ neighbours: [{ name: 'dave', lastSeen: 5, startTime: 3 }], capacity: 7 });
    await importInto(nara, alice, [heyThere(carol, 5)]);
    expect((await read(nara)).naras).toMatchObject([
      { Name: 'dave', Online: '', LastSeen: 5, StartTime: 3 },
      { Name: 'carol', Online: '' },
      { Name: 'alice', MemoryMode: 'custom', MemoryMaxEvents: 7, event_store_total: 1 },
    ]);
  });
});

describe('/api/inspector/events', () => {
  const signed = event('seen', 7, { observer: 'x', subject: 'y', via: 'z' }, { signer: bob });
  const held = [seen(5), tease(6), signed, status(8)];

  async function total(nara: SandboxNara, query: string): Promise<number> {
    const { body } = await get(nara, `/api/inspector/events?limit=1&${query}`);
    return (JSON.parse(body) as { total: number }).total;
  }

  it('lists the newest first', async () => {
    const answer = await get(await start({ events: held }), '/api/inspector/events?limit=2');
    const rows = [
      `{"id":"${held[3]!.id}","timestamp":8,"service":"observation","emitter":"","emitter_id":"","signed":false}`,
      `{"id":"${signed.id}","timestamp":7,"service":"seen","emitter":"bob","emitter_id":"","signed":true}`,
    ];
    expect(answer.body).toBe(`{"events":[${rows.join(',')}],"has_more":true,"total":4}\n`);
    expect(headerOf(answer, 'Content-Type')).toBe('application/json');
  });

  it.each([
    ['', 4],
    ['service=seen', 2],
    ['service=nosuch', 0],
    ['subject=alice', 3],
    ['subject=bob', 4],
    ['subject=x', 1],
    ['after=6', 3],
    ['before=6', 2],
    ['after=6&before=6', 1],
    ['after=-5&before=0', 4],
    ['after=abc&before=99999999999999999999', 4],
    ['service=seen&subject=bob&after=6', 1],
  ])('counts %s', async (query, expected) => {
    expect(await total(await start({ events: held }), query)).toBe(expected);
  });

  it('goes on at an offset', async () => {
    const { body } = await get(await start({ events: held }), '/api/inspector/events?limit=2&offset=3');
    expect(body).toContain('"timestamp":5');
    expect(body).toContain('"has_more":false,"total":4');
  });

  it('sees what was imported', async () => {
    const nara = await start();
    expect(await total(nara, '')).toBe(0);
    await importInto(nara, alice, held);
    expect(await total(nara, '')).toBe(4);
  });
});
