import pLimit from 'p-limit';
import { MeshBackupError } from '../errors.ts';
import type { PublicKey } from '../identity/keypair.ts';
import { Deadline } from './deadline.ts';
import type { PeerHttp } from './http.ts';
import { isTailnetAddress } from './near-address.ts';
import type { PeerAddress } from './peer-list.ts';
import { fetchPing, type PingAnswer } from './ping.ts';
import type { TailnetMachine } from './tailnet-status.ts';

/** A machine of the tailnet that answers as a nara. Name and key are what it claims: they prove nothing. */
export interface FoundNara {
  /** With the claimed name, and no pinned key. */
  readonly peer: PeerAddress;
  readonly hostName: string;
  readonly key: PublicKey | undefined;
}

/** What was found among the machines of a tailnet. */
export interface Discovery {
  readonly naras: readonly FoundNara[];
  /** Online, as the tailnet has it, and no answer came: who knows what they are. */
  readonly silent: readonly TailnetMachine[];
  /** How many answered as something else. */
  readonly others: number;
}

export interface DiscoveryOptions {
  readonly http: PeerHttp;
  /** Where naras listen. */
  readonly port: number;
  /** Wall clock for each try: the first handshake with a machine can cost 5 s. */
  readonly pingTimeoutMs: number;
  /** Default 2. */
  readonly tries?: number | undefined;
  readonly signal: AbortSignal;
}

const AT_A_TIME = 128;
const DEFAULT_TRIES = 2;
/** Our own kind: each dump joins under such a name. */
const BACKUP_HOST = /^nara-backup-/i;

/**
 * Asks every machine that can be a nara who it is. Throws the signal's reason only.
 * Source: specification, "Being on the tailnet" and "Mesh HTTP".
 */
export async function discover(
  machines: readonly TailnetMachine[],
  options: DiscoveryOptions,
): Promise<Discovery> {
  const limit = pLimit(AT_A_TIME);
  const candidates = machines.filter(canBeNara);
  const answers = await Promise.all(
    candidates.map((machine) => limit(async () => ({ machine, ping: await ask(machine, options) }))),
  );
  const naras: FoundNara[] = [];
  const silent: TailnetMachine[] = [];
  let others = 0;
  for (const { machine, ping } of answers) {
    if (ping === undefined) silent.push(machine);
    else if (ping.from === undefined) others++;
    else {
      const peer = { url: urlOf(machine, options.port), name: ping.from, publicKey: undefined };
      naras.push({ peer, hostName: machine.hostName, key: ping.key });
    }
  }
  return { naras, silent, others };
}

/** Online, not expired, with an address, and no backup of somebody. */
export function canBeNara(machine: TailnetMachine): boolean {
  const { hostName, isOnline, isExpired } = machine;
  return isOnline && !isExpired && !BACKUP_HOST.test(hostName) && addressOf(machine) !== undefined;
}

/** Its first IPv4 address, else its first one; no other address than a tailnet's, whatever the status says. */
function addressOf({ addresses }: TailnetMachine): string | undefined {
  // One with a zone is in no URL.
  const near = addresses.filter((address) => isTailnetAddress(address) && !address.includes('%'));
  return near.find((address) => !address.includes(':')) ?? near[0];
}

function urlOf(machine: TailnetMachine, port: number): URL {
  const address = addressOf(machine)!;
  return new URL(`http://${address.includes(':') ? `[${address}]` : address}:${port}`);
}

/** `undefined`: no answer came. */
async function ask(machine: TailnetMachine, options: DiscoveryOptions): Promise<PingAnswer | undefined> {
  const { http, port, pingTimeoutMs: idleTimeoutMs, tries = DEFAULT_TRIES, signal } = options;
  for (let number = 1; ; number++) {
    const connection = http.connect(urlOf(machine, port));
    const deadline = new Deadline(signal, idleTimeoutMs, () => {
      return new MeshBackupError('PEER_SILENT', `no answer within ${idleTimeoutMs / 1000} s`);
    });
    try {
      return await fetchPing((request) =>
        connection.send({ ...request, idleTimeoutMs, signal: deadline.signal }),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MeshBackupError)) throw error;
      if (number === tries) return undefined;
    } finally {
      deadline.end();
      await connection.close();
    }
  }
}
