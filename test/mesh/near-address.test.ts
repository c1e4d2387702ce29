import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoopbackHost, isLoopbackOrTailnet, isNearAddress } from '../../src/mesh/near-address.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const TAILNET = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'];
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'];

/** An address as a number of 128 bits: IPv4 in its mapped form. Knows the full form and one `::`. */
function toNumber(address: string): bigint {
  if (isIPv4(address)) {
    return address.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0xffffn);
  }
  const [head = [], tail = []] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const groups = head.concat(zeros, tail);
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function isIn(address: bigint, subnets: readonly string[]): boolean {
  return subnets.some((subnet) => {
    const [network = '', bits] = subnet.split('/');
    const free = BigInt((isIPv4(network) ? 32 : 128) - Number(bits));
    return address >> free === toNumber(network) >> free;
  });
}

function toIPv6(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0');
  return hex.match(/.{4}/g)!.join(':');
}

function toIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

const MAPPED = 0xffffn << 32n;

/** Any address, and more of those at the edges of the subnets. */
const anyAddress = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => MAPPED | value),
  fc
    .tuple(
      fc.constantFrom(...LOOPBACK, ...TAILNET, ...PRIVATE),
      fc.bigInt({ min: -2n, max: 2n }),
      fc.boolean(),
    )
    .map(([subnet, off, isEnd]) => {
      const [network = '', bits] = subnet.split('/');
      const size = 1n << BigInt((isIPv4(network) ? 32 : 128) - Number(bits));
      return BigInt.asUintN(128, toNumber(network) + off + (isEnd ? size : 0n));
    }),
);

describe('an address', () => {
  it('is near, or of a tailnet, as arithmetic has it, in each of its forms', () => {
    fc.assert(
      fc.property(anyAddress, (value) => {
        const full = toIPv6(value);
        const forms = [full, new URL(`http://[${full}]`).hostname.slice(1, -1)];
        if (value >> 32n === 0xffffn) forms.push(toIPv4(value), `::ffff:${toIPv4(value)}`);
        for (const form of forms) {
          expect([form, isNearAddress(form)]).toEqual([
            form,
            isIn(value, [...LOOPBACK, ...TAILNET, ...PRIVATE]),
          ]);
          expect([form, isLoopbackOrTailnet(form)]).toEqual([form, isIn(value, [...LOOPBACK, ...TAILNET])]);
          expect([form, isLoopbackHost(form)]).toEqual([form, isIn(value, LOOPBACK)]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['fe80::1%eth0', 'fd00::1%1'])('%s has a zone, which changes nothing', (address) => {
    expect(isNearAddress(address)).toBe(true);
    expect(isNearAddress(address.replace(/^f/, '2'))).toBe(false);
  });

  it.each([
    '',
    'localhost',
    '10',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.1.',
    '10.0.0.1:80',
    '[::1]',
    '%',
    '0.0.0.0',
    '::',
  ])('"%s" is none that is near', (text) => {
    expect([isNearAddress(text), isLoopbackOrTailnet(text)]).toEqual([false, false]);
  });
});

it.each([
  ['localhost', true],
  ['LocalHost.', true],
  ['api.localhost', true],
  ['notlocalhost', false],
  ['localhost.example', false],
  ['', false],
])('the host "%s" is this machine: %s', (host, want) => {
  expect(isLoopbackHost(host)).toBe(want);
});
