import { expect, test } from 'vitest';
import type { Check } from '../../src/doctor/check.ts';
import { checkTarget, type TargetOptions } from '../../src/doctor/target.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { alice, bob, startBob, TEST_OPTIONS, truth } from '../sync/walking.ts';

async function look(url: string, changes: Partial<TargetOptions> = {}): Promise<Check[]> {
  const http = new PeerHttp({ connectTimeoutMs: 5000, plainHttp: 'near' });
  const { signal } = new AbortController();
  try {
    const options = { ...TEST_OPTIONS, http, signal, keypair: bob, name: undefined, ...changes };
    return (await checkTarget(new URL(url), options)).checks;
  } finally {
    await http.close();
  }
}

const states = (checks: Check[]): Record<string, string> =>
  Object.fromEntries(checks.map(({ what, state }) => [what, state]));

const WELL = { target: 'ok', 'target room': 'ok', 'target soul': 'ok' };

test('a target that is well, looked at and not touched', async () => {
  const nara = await startBob([], { door: 'web', capacity: 200 });
  const checks = await look(nara.url);
  expect(states(checks)).toEqual(WELL);
  expect(checks[0]!.text).toMatch(/^bob, up since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(checks[1]!.text).toBe(`${truth.length} of 200 events, 55 %`);
  expect(nara.requests.map(({ path }) => path)).not.toContain('/api/events/import');
  expect(nara.lost).toEqual([]);
});

test.each<[string, Parameters<typeof startBob>, Partial<TargetOptions>, Partial<typeof WELL>]>([
  ['has just started', [['young:359']], {}, { target: 'warning' }],
  ['has settled', [['young:361']], {}, {}],
  ['is nearly full', [[], { capacity: 115 }], {}, { 'target room': 'warning' }],
  ['is not quite full', [[], { capacity: 116 }], {}, {}],
  ['opens its mesh port only', [[], { door: 'mesh' }], {}, { target: 'warning', 'target room': 'skipped' }],
  [
    'tells no name',
    [['no-ping', 'no-narae']],
    { name: 'bob' },
    { target: 'warning', 'target room': 'skipped' },
  ],
  [
    'shows another key than ours',
    [[]],
    { keypair: alice },
    { 'target room': 'skipped', 'target soul': 'failure' },
  ],
  ['knows another key than ours', [['no-ping']], { keypair: alice }, { 'target soul': 'failure' }],
  [
    'cannot be held against our key, which is none',
    [[]],
    { keypair: { ...bob, publicKey: '' } },
    { 'target soul': 'failure' },
  ],
  ['signs with another key', [['wrong-key']], {}, { 'target soul': 'failure' }],
  ['is unsigned', [['unsigned']], {}, { 'target soul': 'failure' }],
  ['has another time', [['skew:40']], {}, { 'target soul': 'failure' }],
  ['is not asked, for want of a soul', [[]], { keypair: undefined }, { 'target soul': 'skipped' }],
])('a target that %s', async (_, [faults, more], changes, want) => {
  const { url } = await startBob(faults, { door: 'web', ...more });
  expect(states(await look(url, changes))).toEqual({ ...WELL, ...want });
});

test('what is no nara, is not there, or is too far for plain http', async () => {
  const { url, close } = await startBob(['html']);
  expect(states(await look(url))).toEqual({ target: 'failure' });
  await close();
  const [gone] = await look(url);
  expect(gone).toMatchObject({
    state: 'failure',
    text: expect.stringContaining('PEER_UNREACHABLE') as string,
  });
  const [far] = await look('http://192.0.2.1/');
  expect(far).toMatchObject({ state: 'failure', text: expect.stringContaining('PLAIN_HTTP') as string });
});
