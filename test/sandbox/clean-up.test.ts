import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { signHeaders, send } from './client.ts';
import { event, heyThere, importInto, NOW_NS, NOW_SECONDS, ping, seen, tease } from './importing.ts';

const DAY = 86_400;
const now = Number(NOW_SECONDS);
const prng = new Prng('clean-up');
const alice = makeIdentity('alice', prng);
const bob = makeIdentity('bob', prng);
const ghost = makeIdentity('ghost', prng);
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const knownKeys = new Map([['bob', bob.publicKey]]);
  const nara = await startNara({ identity: alice, knownKeys, clock: () => NOW_NS, ...options });
  running.push(nara);
  return nara;
}

/** Old enough to be no news. */
const old = NOW_NS - BigInt(40 * DAY) * 1_000_000_000n;
const about = [seen(old, 'ghost'), seen(old + 1n, 'bob', 'ghost'), tease(old + 2n, 'ghost')];
const rest = [seen(old + 3n, 'bob', 'alice'), seen(old + 4n, 'stranger')];

describe('a neighbour that is offline loses its history', () => {
  it.each([
    ['never heard itself', {}, true],
    ['never heard itself, though old', { startTime: now - 60 * DAY }, true],
    ['never started, heard a day ago', { lastSeen: now - DAY }, false],
    ['never started, heard over a day ago', { lastSeen: now - DAY - 1 }, true],
    ['new, heard over a day ago', { startTime: now - 2 * DAY + 1, lastSeen: now - DAY - 1 }, true],
    ['2 days old, heard over a day ago', { startTime: now - 2 * DAY, lastSeen: now - DAY - 1 }, false],
    ['2 days old, heard 7 days ago', { startTime: now - 2 * DAY, lastSeen: now - 7 * DAY }, false],
    ['2 days old, heard over 7 days ago', { startTime: now - 2 * DAY, lastSeen: now - 7 * DAY - 1 }, true],
    ['nearly 30 days old', { startTime: now - 30 * DAY + 1, lastSeen: now - 7 * DAY - 1 }, true],
    ['30 days old', { startTime: now - 30 * DAY, lastSeen: now - 29 * DAY }, false],
    ['online, whatever else', { isOnline: true }, false],
  ])('%s: %o: %s', async (_what, times, goes) => {
    const nara = await start({
      events: [...about, ...rest],
      neighbours: [{ name: 'ghost', ...times }],
      knownKeys: new Map([['ghost', ghost.publicKey]]),
    });
    expect(nara.cleanUp()).toBe(goes ? 3 : 0);
    expect(nara.ledger).toEqual(goes ? rest : [...about, ...rest]);
    expect(nara.lost).toEqual(goes ? about : []);
    expect(nara.keys.has('ghost')).toBe(!goes);
    expect(nara.cleanUp()).toBe(0);
  });

  it('a stranger, the nara itself and, unless told otherwise, those whose keys it knows do not', async () => {
    const nara = await start({ events: [...about, ...rest] });
    expect(nara.cleanUp()).toBe(0);
    const selfish = await start({ events: rest, neighbours: [{ name: 'alice' }] });
    expect(selfish.cleanUp()).toBe(0);
  });
});

describe('what brings a name into the neighbourhood', () => {
  it('no old event of a nara that is up', async () => {
    const nara = await start();
    expect(await importInto(nara, alice, [...about, ...rest])).toMatchObject({ imported: 5 });
    expect(nara.cleanUp()).toBe(0);
  });

  it('a hey-there, signed or not', async () => {
    for (const signer of [ghost, null]) {
      const nara = await start({ events: [...about, ...rest] });
      const hello = heyThere(ghost, old, signer);
      await importInto(nara, alice, [hello]);
      expect(nara.keys.has('ghost')).toBe(true);
      expect(nara.cleanUp()).toBe(4);
      expect(nara.lost).toEqual([...about, hello]);
      expect(nara.keys.has('ghost')).toBe(false);
    }
  });

  it('a hey-there signed less than a day ago keeps it for now', async () => {
    const nara = await start({ events: about });
    await importInto(nara, alice, [heyThere(ghost, NOW_NS - 3_600_000_000_000n)]);
    expect(nara.cleanUp()).toBe(0);
  });

  it('the first event of a batch that it signed says when it was heard', async () => {
    const nara = await start({ events: about });
    const hello = heyThere(ghost, NOW_NS - 3_600_000_000_000n);
    await importInto(nara, alice, [hello, heyThere(ghost, old)]);
    expect(nara.cleanUp()).toBe(0);
    const other = await start({ events: about });
    await importInto(other, alice, [heyThere(ghost, old), hello]);
    expect(other.cleanUp()).toBe(5);
  });

  it('whoever is online stays so, however old its events', async () => {
    const nara = await start({ events: rest });
    const payload = { observer: 'bob', subject: 'alice', via: 'x' };
    await importInto(nara, alice, [event('seen', old, payload, { signer: bob })]);
    expect(nara.cleanUp()).toBe(0);
  });

  it('an event less than 5 minutes old', async () => {
    for (const [age, lost] of [
      [299n, 4],
      [300n, 0],
    ] as const) {
      const nara = await start({ events: about });
      await importInto(nara, alice, [seen(NOW_NS - age * 1_000_000_000n, 'bob', 'ghost')]);
      expect(nara.cleanUp()).toBe(lost);
    }
  });

  it('an event less than 5 minutes old that it emitted itself: so it is online', async () => {
    const nara = await start({ events: about });
    const payload = { observer: 'ghost', subject: 'bob', via: 'x' };
    await importInto(nara, alice, [event('seen', NOW_NS - 1n, payload, { signer: ghost })]);
    expect(nara.cleanUp()).toBe(0);
  });

  it('but not where it says goodbye in the same batch', async () => {
    const nara = await start({ events: about });
    const payload = { observer: 'ghost', subject: 'bob', via: 'x' };
    const chau = event('chau', NOW_NS, { From: 'ghost', PublicKey: '', ID: '', Signature: '' });
    await importInto(nara, alice, [event('seen', NOW_NS - 1n, payload, { signer: ghost }), chau]);
    expect(nara.cleanUp()).toBe(5);
  });

  it('any event while the nara boots', async () => {
    for (const [ageSeconds, lost] of [
      [359, 3],
      [360, 0],
    ] as const) {
      const nara = await start({ ageSeconds });
      await importInto(nara, alice, [...about, seen(old + 3n, 'bob', 'alice')]);
      expect(nara.lost).toEqual([]);
      expect(nara.cleanUp()).toBe(lost);
    }
    // Not even those count as heard that signed something an hour ago.
    const nara = await start({ ageSeconds: 0 });
    await importInto(nara, alice, [heyThere(ghost, NOW_NS - 3_600_000_000_000n)]);
    expect(nara.cleanUp()).toBe(1);
  });

  it('being introduced', async () => {
    const friend = await start({ identity: ghost });
    const port = Number(new URL(friend.url).port);
    const introduction = { addressPrefix: '127.0.0.1', port };
    const nara = await start({ events: [...about, ...rest], introduction });
    const headers = signHeaders(ghost, 'POST', '/events/sync', NOW_NS / 1_000_000n);
    const body = '{"from":"ghost","mode":"page"}';
    expect(await send(nara.url, { method: 'POST', path: '/events/sync', headers, body })).toMatchObject({
      status: 200,
    });
    expect(nara.keys.get('ghost')).toBe(ghost.publicKey);
    expect(nara.cleanUp()).toBe(3);
  });
});

it('also forgets what the capacity has no room for', async () => {
  const nara = await start({ events: rest, capacity: 1 });
  expect(nara.cleanUp()).toBe(1);
  expect(nara.lost).toEqual([rest[1]]);
});

it('spares in time what names a nara whose key came', async () => {
  const events = [ping('bob', old), seen(old + 9n, 'ghost')];
  const nara = await start({ events, capacity: 2 });
  await importInto(nara, alice, [seen(old + 8n, 'ghost')]);
  await importInto(nara, alice, [heyThere(ghost, old)]);
  expect(nara.lost).toEqual([seen(old + 8n, 'ghost'), events[0]]);
});

describe('young:SECONDS', () => {
  it('cleans up after each import while it boots', async () => {
    const nara = await start({ faults: [parseFault('young:60')] });
    expect(await importInto(nara, alice, [...about, seen(old + 3n, 'bob', 'alice')])).toMatchObject({
      imported: 4,
    });
    expect(nara.ledger).toEqual([seen(old + 3n, 'bob', 'alice')]);
    expect(nara.lost).toEqual(about);
  });

  it('keeps all once it is up', async () => {
    let nowNs = NOW_NS;
    const nara = await start({ faults: [parseFault('young:60')], clock: () => nowNs });
    nowNs += 300_000_000_000n;
    expect(await importInto(nara, alice, about)).toMatchObject({ imported: 3 });
    expect(nara.ledger).toEqual(about);
  });
});
