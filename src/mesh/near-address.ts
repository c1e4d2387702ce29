import { BlockList, isIP } from 'node:net';

type Subnet = readonly [network: string, prefixBits: number];

const LOOPBACK: readonly Subnet[] = [
  ['127.0.0.0', 8],
  ['::1', 128],
];
/** What Tailscale and Headscale give to their nodes. */
const TAILNET: readonly Subnet[] = [
  ['100.64.0.0', 10],
  ['fd7a:115c:a1e0::', 48],
];
const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['fc00::', 7],
  ['fe80::', 10],
];

const loopback = listOf(LOOPBACK);
const tailnet = listOf(TAILNET);
const loopbackOrTailnet = listOf([...LOOPBACK, ...TAILNET]);
const near = listOf([...LOOPBACK, ...TAILNET, ...PRIVATE]);

/** Whether it is an IP address of this machine, of a tailnet or of a private network; no name is. */
export function isNearAddress(address: string): boolean {
  return holds(near, address);
}

/** Whether it is an IP address of this machine or of a tailnet, whose connections WireGuard encrypts; no name is. */
export function isLoopbackOrTailnet(address: string): boolean {
  return holds(loopbackOrTailnet, address);
}

/** Whether it is an IP address that a tailnet gives to its nodes; no name is. */
export function isTailnetAddress(address: string): boolean {
  return holds(tailnet, address);
}

/** Whether it is this machine: an IP address of it, or a name that is always its own (RFC 6761). */
export function isLoopbackHost(host: string): boolean {
  return /^(.+\.)?localhost\.?$/i.test(host) || holds(loopback, host);
}

function listOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of subnets) list.addSubnet(network, bits, familyOf(network));
  return list;
}

/** The list knows that `::ffff:a.b.c.d` is `a.b.c.d`, and heeds no zones (`fe80::1%eth0`). */
function holds(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
