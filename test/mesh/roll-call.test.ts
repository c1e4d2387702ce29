import { expect, it } from 'vitest';
import { PublicKey } from '../../src/identity/keypair.ts';
import type { FoundNara } from '../../src/mesh/discover.ts';
import type { Acquaintance } from '../../src/mesh/peer-memory.ts';
import { callRoll } from '../../src/mesh/roll-call.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';

const NOW = Date.parse('2026-03-31T00:00:00Z');
const KEYS = ['a', 'b', 'c'].map((seed) => makeIdentity('some', new Prng(seed)).publicKey);

function found(name: string, key: number | undefined, address: string): FoundNara {
  return {
    peer: { url: new URL(`http://${address}:7433`), name, publicKey: undefined },
    hostName: `${name}-x`,
    key: key === undefined ? undefined : PublicKey.parse(KEYS[key]!),
  };
}

function met(name: string, key: number, lastSeen: string): Acquaintance {
  return { name, publicKey: KEYS[key]!, url: 'http://100.64.0.9:7433/', firstSeen: lastSeen, lastSeen };
}

const silentAt = (address: string) => ({
  hostName: '',
  addresses: [address],
  isOnline: true,
  isExpired: false,
});

it('who was here lately and is not is missing, once, and said to be silent where its address is', () => {
  const known = [
    met('bob', 0, '2026-03-03T00:00:00.000Z'),
    met('bob', 1, '2026-03-05T00:00:00.000Z'),
    met('carol', 0, '2026-02-01T00:00:00.000Z'),
    met('dave', 0, '2026-03-30T00:00:00.000Z'),
  ];
  const naras = [found('dave', 0, '100.64.0.1')];
  const { missing } = callRoll({ naras, silent: [] }, known, NOW);
  expect(missing.map(({ name, lastSeen, isSilent }) => [name, lastSeen, isSilent])).toEqual([
    ['bob', '2026-03-05T00:00:00.000Z', false],
  ]);
  const again = callRoll({ naras, silent: [silentAt('100.64.0.9')] }, known, NOW);
  expect(again.missing.map(({ isSilent }) => isSilent)).toEqual([true]);
});

it('who shows a key that was never met under the name is changed, however long ago the other was', () => {
  const known = [met('bob', 0, '2025-05-03T00:00:00.000Z')];
  const changedFor = (key: number | undefined): (boolean | undefined)[] =>
    callRoll({ naras: [found('bob', key, '100.64.0.1')], silent: [] }, known, NOW).changed.map(
      ({ isNew }) => isNew,
    );
  expect([0, 1, undefined].map(changedFor)).toEqual([[], [true], [true]]);
  expect(callRoll({ naras: [found('new', 2, '100.64.0.1')], silent: [] }, known, NOW).changed).toEqual([]);
});

it('a key that came after another one is told as long as the other was met within 30 days', () => {
  const changedBy = (lastOfOld: string): number => {
    const old = { ...met('bob', 0, lastOfOld), firstSeen: '2025-04-01T00:00:00.000Z' };
    const known = [old, met('bob', 1, '2026-03-25T00:00:00.000Z')];
    return callRoll({ naras: [found('bob', 1, '100.64.0.1')], silent: [] }, known, NOW).changed.length;
  };
  expect([changedBy('2026-03-20T00:00:00.000Z'), changedBy('2026-01-20T00:00:00.000Z')]).toEqual([1, 0]);
  const known = [met('bob', 0, '2026-03-20T00:00:00.000Z'), met('bob', 1, '2026-03-25T00:00:00.000Z')];
  expect(callRoll({ naras: [found('bob', 0, '100.64.0.1')], silent: [] }, known, NOW).changed).toEqual([]);
});

it('one name with several keys is contested, one key at two addresses is not', () => {
  const of = (...keys: (number | undefined)[]): number =>
    callRoll({ naras: keys.map((key, n) => found('bob', key, `100.64.0.${n}`)), silent: [] }, [], NOW)
      .contested.length;
  expect([of(0), of(0, 0), of(0, 1), of(0, undefined), of(0, 1, 0)]).toEqual([0, 0, 1, 1, 1]);
});
