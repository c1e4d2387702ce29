import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, plainStatus, plainText, sendAnswer, type Answer, type Door } from './answer.ts';
import { answerCheckpoints } from './checkpoints-endpoint.ts';
import { findFault, type Fault } from './faults.ts';
import { encodeGoJson } from './go-json.ts';
import { askForKey, type IntroductionRule } from './introduction.ts';
import { Ledger } from './ledger.ts';
import { findAuthFault } from './mesh-auth.ts';
import { MovingEvents } from './moving-events.ts';
import { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from './sandbox-identity.ts';
import { answerSync, type SyncContext } from './sync-endpoint.ts';
import { tamper } from './tamper.ts';

export interface NaraOptions {
  /** `makeIdentity` and `readIdentity` make them. */
  readonly identity: SandboxIdentity;
  /** In any order; those of one `ts` keep theirs. Default none. */
  readonly events?: readonly SandboxEvent[];
  readonly faults?: readonly Fault[];
  /** Name → Base64 public key of those it knows besides itself. */
  readonly knownKeys?: ReadonlyMap<string, string>;
  /** Default: it lets nobody introduce itself. */
  readonly introduction?: IntroductionRule;
  /** Unix nanoseconds; the default is the system's clock. */
  readonly clock?: () => bigint;
  /** What `/ping` says; nobody is called there. Default `100.64.0.1`. */
  readonly meshIp?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default `mesh`. */
  readonly door?: Door;
}

/** One request that came in, in order of arrival. */
export interface SandboxRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The claimed name; '' without one. */
  readonly name: string;
  readonly body: string;
  /** The status of its answer, 0 as long as it has none. */
  status: number;
}

/** A running nara; read its fields while it runs, and close it. */
export interface SandboxNara {
  readonly name: string;
  /** Base58. */
  readonly soul: string;
  /** Base64. */
  readonly publicKey: string;
  readonly naraId: string;
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string;
  /** What it serves now, lies included, oldest first; a moving one serves another list with each answer. */
  readonly ledger: readonly SandboxEvent[];
  /**
   * The events of every sync answer that was sent to its last byte, in the order of sending, again when given again.
   * Whether a client should believe the answer is another matter.
   */
  readonly given: readonly string[];
  readonly requests: readonly SandboxRequest[];
  /** Cuts open connections; a second call changes nothing. */
  readonly close: () => Promise<void>;
}

/** Starts a nara on 127.0.0.1 that speaks the dump side of the protocol. Source: specification, "Mesh HTTP". */
export async function startNara(options: NaraOptions): Promise<SandboxNara> {
  const { identity, faults = [], clock: trueClock = systemClock, door = 'mesh' } = options;
  const kinds = new Set(faults.map((fault) => fault.kind));
  const told = tamper(options.events ?? [], kinds, identity.soul);
  const moving = kinds.has('moving') ? new MovingEvents(told, identity.soul) : undefined;
  const shownName = findFault(faults, 'impostor')?.name ?? identity.name;
  const flaky = findFault(faults, 'flaky')?.amount ?? Infinity;
  const keys = new Map([...(options.knownKeys ?? []), [identity.name, identity.publicKey]]);
  const skewNs = BigInt(findFault(faults, 'skew')?.amount ?? 0) * 1_000_000_000n;
  const clock = (): bigint => trueClock() + skewNs;
  const { sign } = kinds.has('wrong-key') ? makeIdentity(identity.name, new Prng(identity.soul)) : identity;
  const delayMs = findFault(faults, 'delay')?.amount ?? 0;
  const closing = new AbortController();
  const given: string[] = [];
  const requests: SandboxRequest[] = [];
  const memory: SyncContext['memory'] = {};
  let answerCount = 0;
  let checkpointAnswers = 0;
  let ledger = new Ledger(moving?.current ?? told, kinds.has('legacy'));

  function ping(): Answer {
    if (kinds.has('no-ping')) return plainText(404, '404 page not found');
    const shownKey = (shownName === identity.name ? undefined : keys.get(shownName)) ?? identity.publicKey;
    const publicKey = kinds.has('no-key') ? '' : shownKey;
    const pong = {
      from: shownName,
      mesh_ip: options.meshIp ?? '100.64.0.1',
      public_key: publicKey,
      t: clock(),
    };
    return json(`${encodeGoJson(pong)}\n`);
  }

  async function findKey(name: string, address: string): Promise<string | undefined> {
    const known = keys.get(name);
    if (known !== undefined || options.introduction === undefined) return known;
    const shown = await askForKey(name, address, options.introduction);
    if (shown !== undefined) keys.set(name, shown);
    return shown;
  }

  async function sync(request: IncomingMessage, entry: SandboxRequest): Promise<Answer> {
    const timestamp = headerOf(request, 'x-nara-timestamp');
    const signature = headerOf(request, 'x-nara-signature');
    const address = request.socket.remoteAddress ?? '';
    const keeper = { clock, findKey: (name: string) => findKey(name, address) };
    const authFault = await findAuthFault({ ...entry, timestamp, signature }, keeper);
    if (authFault !== undefined) return plainText(401, `Authentication failed: ${authFault}`);
    const name = shownName;
    const countAnswer = (): number => ++answerCount;
    moveLedger();
    return answerSync(entry, { name, ledger, faults, nowNs: clock(), sign, countAnswer, memory });
  }

  function moveLedger(): void {
    if (moving === undefined && !kinds.has('legacy')) return;
    const tieSeed = kinds.has('legacy') ? `${identity.soul} ${answerCount}` : undefined;
    moving?.move();
    ledger = new Ledger(moving?.current ?? told, kinds.has('legacy'), tieSeed);
  }

  /** What a flaky nara says instead of answer number `number` of all. */
  function stumble(number: number): Answer | undefined {
    if (number % flaky !== 0) return undefined;
    const turn = (number / flaky) % 3;
    if (turn === 1) return { ...plainStatus(503), delivery: 'reset' };
    if (turn === 2) return plainStatus(503);
    const { headers, ...rest } = plainStatus(429);
    return { ...rest, headers: [...headers, ['Retry-After', '0']] };
  }

  async function route(request: IncomingMessage, entry: SandboxRequest): Promise<Answer> {
    if (entry.path === '/ping') return ping();
    if (entry.path === '/api/checkpoints/all') {
      const query = new URL(request.url ?? '', 'http://nara').searchParams;
      const { events } = ledger;
      return answerCheckpoints(
        { ...entry, query },
        { name: shownName, events, faults, number: ++checkpointAnswers },
      );
    }
    return entry.path === '/events/sync' ? sync(request, entry) : plainText(404, '404 page not found');
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await text(request);
    const entry = {
      method,
      path: url.split('?')[0]!,
      name: headerOf(request, 'x-nara-name'),
      body,
      status: 0,
    };
    requests.push(entry);
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
    const answer = stumble(requests.length) ?? (await route(request, entry));
    if (answer.delivery !== 'hang' && answer.delivery !== 'reset') entry.status = answer.status;
    response.once('finish', () => given.push(...(answer.gives ?? [])));
    await sendAnswer(response, answer, { door, nowNs: clock() });
  }

  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    // Only a client that went away, or our own end, gets here: there is nobody left to tell.
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    name: identity.name,
    soul: identity.soul,
    publicKey: identity.publicKey,
    naraId: identity.naraId,
    url: `http://127.0.0.1:${port}`,
    get ledger() {
      return ledger.events;
    },
    given,
    requests,
    close: () => {
      closing.abort();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

/** Go reads a header's bytes as UTF-8. */
function headerOf(request: IncomingMessage, name: string): string {
  return Buffer.from(String(request.headers[name] ?? ''), 'latin1').toString();
}

function systemClock(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
