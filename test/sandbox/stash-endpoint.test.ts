import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { send, type RawAnswer } from './client.ts';
import { clock, NOW_SECONDS } from './importing.ts';

const identity = makeIdentity('alice', new Prng('stash'));
const confidants = [
  { id: 'b', name: 'bob', isOnline: true },
  { id: 'c', name: 'carol', isOnline: false },
];
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(stash: NaraOptions['stash'] = {}, faults = '', more = {}): Promise<SandboxNara> {
  const parsed = faults.split(' ').filter(Boolean).map(parseFault);
  const nara = await startNara({
    identity,
    clock,
    door: 'web',
    stash: { confidants, ...stash },
    faults: parsed,
    ...more,
  });
  running.push(nara);
  return nara;
}

const status = (nara: SandboxNara): Promise<RawAnswer> =>
  send(nara.url, { method: 'GET', path: '/api/stash/status' });
const update = (nara: SandboxNara, body: string): Promise<RawAnswer> =>
  send(nara.url, { method: 'POST', path: '/api/stash/update', body });
const recover = (nara: SandboxNara): Promise<RawAnswer> =>
  send(nara.url, { method: 'POST', path: '/api/stash/recover' });

it('the mesh port keeps no stash', async () => {
  const nara = await start({ document: '{}' }, '', { door: 'mesh' });
  expect(await status(nara)).toMatchObject({ status: 404, body: '404 page not found\n' });
});

describe('status', () => {
  it('tells what there is, and who keeps it', async () => {
    const { body } = await status(await start({ document: '{"b":1,"a":2}', timestamp: 7 }));
    expect(body).toBe(
      '{"has_stash":true,"my_stash":{"timestamp":7,"data":{"a":2,"b":1}},' +
        '"confidants":[{"id":"b","name":"bob","online":true},{"id":"c","name":"carol","online":false}],' +
        '"metrics":{"stashes_stored":0,"total_stash_bytes":0},"target_count":3}\n',
    );
  });

  it('tells that there is none', async () => {
    for (const nara of [await start(), await start({ document: '{}' }, 'no-stash')]) {
      expect((await status(nara)).body).toContain('"has_stash":false,"my_stash":null,');
    }
    expect((await status(await start({}, 'no-confidants'))).body).toContain('"confidants":[],');
  });

  it('is a GET', async () => {
    const nara = await start();
    expect((await send(nara.url, { method: 'POST', path: '/api/stash/status' })).status).toBe(405);
    expect((await send(nara.url, { method: 'GET', path: '/api/stash/update' })).status).toBe(405);
    expect((await send(nara.url, { method: 'GET', path: '/api/stash/other' })).status).toBe(404);
  });
});

describe('update', () => {
  it.each([
    ['{"b":1.50,"a":[1e3,-0,1e21,1e-7]}', '{"a":[1000,-0,1e+21,1e-7],"b":1.5}'],
    ['{"n":9007199254740993,"m":0.1000000000000000055}', '{"m":0.1,"n":9007199254740992}'],
    ['{"10":1,"9":2,"a":3,"Z":4,"é":5}', '{"10":1,"9":2,"Z":4,"a":3,"é":5}'],
    ['{"a":1,"a":{"b":2}}', '{"a":{"b":2}}'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
    [String.raw`{"t":"<&>\u003c\ud800/\u2028"}`, String.raw`{"t":"\u003c\u0026\u003e\u003c�/\u2028"}`],
    ['[1]', 'null'],
    ['"text"', 'null'],
    ['null', 'null'],
  ])('%s becomes %s', async (document, held) => {
    const nara = await start();
    expect(await update(nara, document)).toMatchObject({
      status: 200,
      body: '{"success":true,"message":"Stash updated and distributed to confidants"}\n',
    });
    expect(nara.stash).toBe(held);
    expect((await status(nara)).body).toContain(`"my_stash":{"timestamp":${NOW_SECONDS},"data":${held}}`);
  });

  it.each(['', '{', '{"a":1e309}', '{"a":1e309,"a":1}', '{"a":01}'])('refuses %s', async (document) => {
    const nara = await start({ document: '{"old":1}' });
    expect(await update(nara, document)).toMatchObject({ status: 400, body: 'Invalid JSON\n' });
    expect(nara.stash).toBe('{"old":1}');
  });

  it('sets it also when nobody takes it', async () => {
    const nara = await start({}, 'no-confidants');
    expect(await update(nara, '{"a":1}')).toMatchObject({
      status: 200,
      body: '{"success":false,"message":"Failed to distribute stash: no confidants available"}\n',
    });
    expect(nara.stash).toBe('{"a":1}');
  });
});

describe('recover', () => {
  it('gives back what the confidants have, after so many looks', async () => {
    const nara = await start({ document: '{"a":1}' }, 'lost-stash:3');
    const look = async (): Promise<boolean> => (await status(nara)).body.includes('"has_stash":true');
    expect([await look(), await look(), await look(), await look()]).toEqual([false, false, false, false]);
    expect((await recover(nara)).status).toBe(200);
    expect([await look(), await look(), await look()]).toEqual([false, false, true]);
  });

  it.each(['lost-stash no-confidants', 'no-stash'])('gives nothing back: %s', async (faults) => {
    const nara = await start({ document: '{"a":1}' }, faults);
    await recover(nara);
    for (let looks = 0; looks < 5; looks++) expect((await status(nara)).body).toContain('"has_stash":false');
  });

  it('does not displace what there is', async () => {
    const nara = await start({ document: '{"a":1}' }, 'lost-stash');
    await update(nara, '{"b":1}');
    await recover(nara);
    await status(nara);
    expect(nara.stash).toBe('{"b":1}');
  });
});

it('is not ready for so many requests', async () => {
  const nara = await start({}, 'stash-busy:2');
  expect([(await status(nara)).status, (await recover(nara)).status, (await status(nara)).status]).toEqual([
    500, 500, 200,
  ]);
});
