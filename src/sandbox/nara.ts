import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isShown, plainText, sendAnswer, type Answer } from './answer.ts';
import { answerCheckpoints } from './checkpoints-endpoint.ts';
import { findFault } from './faults.ts';
import { answerImport } from './import-endpoint.ts';
import { importDelivery, refuseBody, refuseImport, webPage } from './import-faults.ts';
import { parseImport } from './import-request.ts';
import { answerInspector } from './inspector-endpoint.ts';
import { askForKey } from './introduction.ts';
import { findAuthFault } from './mesh-auth.ts';
import { NaraMemory } from './nara-memory.ts';
import type { NaraOptions, SandboxNara, SandboxRequest } from './nara-options.ts';
import { answerNarae } from './narae-endpoint.ts';
import { NaraStash } from './nara-stash.ts';
import { answerPing } from './ping-endpoint.ts';
import { Prng } from './prng.ts';
import { makeIdentity } from './sandbox-identity.ts';
import { ServedLedger } from './served-ledger.ts';
import { answerStash } from './stash-endpoint.ts';
import { stumble } from './stumble.ts';
import { answerSync, type SyncContext } from './sync-endpoint.ts';
import { tamper } from './tamper.ts';

export type { NaraOptions, SandboxNara } from './nara-options.ts';

const SECOND_NS = 1_000_000_000n;
const DEFAULT_CAPACITY = 80_000;
const DEFAULT_AGE_SECONDS = 30 * 86_400;

/** Starts a nara on 127.0.0.1 that speaks the protocol. Source: specification, "Mesh HTTP" and "Import". */
export async function startNara(options: NaraOptions): Promise<SandboxNara> {
  const { identity, faults = [], clock: trueClock = systemClock, door = 'mesh' } = options;
  const { capacity = DEFAULT_CAPACITY, knownKeys = new Map<string, string>() } = options;
  const kinds = new Set(faults.map((fault) => fault.kind));
  const shownName = findFault(faults, 'impostor')?.name ?? identity.name;
  const flaky = findFault(faults, 'flaky')?.amount ?? Infinity;
  const skewNs = BigInt(findFault(faults, 'skew')?.amount ?? 0) * SECOND_NS;
  const clock = (): bigint => trueClock() + skewNs;
  const now = (): number => Number(clock() / SECOND_NS);
  const { sign } = kinds.has('wrong-key') ? makeIdentity(identity.name, new Prng(identity.soul)) : identity;
  const delayMs = findFault(faults, 'delay')?.amount ?? 0;
  const msPerEvent = findFault(faults, 'slow-import')?.amount ?? options.slowMsPerEvent ?? 0;
  const closing = new AbortController();
  const given: string[] = [];
  const requests: SandboxRequest[] = [];
  const answered: SyncContext['memory'] = {};
  let answerCount = 0;
  let checkpointAnswers = 0;
  let importCount = 0;
  let stashRequests = 0;

  const memory = new NaraMemory({
    name: identity.name,
    events: tamper(options.events ?? [], kinds, identity.soul),
    keys: new Map([...knownKeys, [identity.name, identity.publicKey]]),
    neighbours: options.neighbours ?? Array.from(knownKeys.keys(), (name) => ({ name, isOnline: true })),
    capacity,
    lastRestart: now() - (findFault(faults, 'young')?.amount ?? options.ageSeconds ?? DEFAULT_AGE_SECONDS),
  });
  const { keys } = memory;
  const stash = new NaraStash(options.stash ?? {}, faults);
  const served = new ServedLedger(memory.ledger, kinds, identity.soul);

  async function findKey(name: string, address: string): Promise<string | undefined> {
    const known = keys.get(name);
    if (known !== undefined || options.introduction === undefined) return known;
    const shown = await askForKey(name, address, options.introduction);
    if (shown !== undefined) memory.introduce(name, shown);
    return shown;
  }

  async function sync(request: IncomingMessage, entry: SandboxRequest): Promise<Answer> {
    const timestamp = headerOf(request, 'x-nara-timestamp');
    const signature = headerOf(request, 'x-nara-signature');
    const address = request.socket.remoteAddress ?? '';
    const keeper = { clock, findKey: (name: string) => findKey(name, address) };
    const authFault = await findAuthFault({ ...entry, timestamp, signature }, keeper);
    if (authFault !== undefined) return plainText(401, `Authentication failed: ${authFault}`);
    const countAnswer = (): number => ++answerCount;
    const context = {
      name: shownName,
      ledger: served.next(answerCount),
      faults,
      nowNs: clock(),
      sign,
      countAnswer,
    };
    return answerSync(entry, { ...context, memory: answered });
  }

  async function takeImport({ method, body }: SandboxRequest, bytes: number): Promise<Answer> {
    const request = method === 'POST' ? parseImport(body) : undefined;
    const count = request?.events.length ?? 0;
    if (count > 0) importCount++;
    const refusal = refuseBody(faults, bytes) ?? (count > 0 ? refuseImport(faults, importCount) : undefined);
    if (refusal !== undefined) return refusal;
    const number = importCount;
    const nowNs = clock();
    if (msPerEvent > 0) await sleep(msPerEvent * count, undefined, { signal: closing.signal });
    const { publicKey } = identity;
    const answer = answerImport(method, request, { memory, publicKey, nowNs });
    if (count === 0 || answer.status !== 200) return answer;
    if (kinds.has('young') && memory.isBooting(now())) memory.cleanUp(now());
    return { ...answer, delivery: importDelivery(faults, number) };
  }

  async function route(request: IncomingMessage, entry: SandboxRequest, bytes: number): Promise<Answer> {
    if (kinds.has('html')) return webPage(200, 'OK');
    const query = new URL(request.url ?? '', 'http://nara').searchParams;
    const isWeb = door === 'web';
    switch (entry.path) {
      case '/ping': {
        const shownKey = shownName === identity.name ? undefined : keys.get(shownName);
        const { publicKey, meshIp } = { meshIp: '100.64.0.1', ...options, ...identity };
        return answerPing(
          { name: shownName, publicKey: shownKey ?? publicKey, meshIp, nowNs: clock() },
          faults,
        );
      }
      case '/api/checkpoints/all': {
        const { events } = served.current;
        const number = ++checkpointAnswers;
        return answerCheckpoints({ ...entry, query }, { name: shownName, events, faults, number });
      }
      case '/events/sync':
        return kinds.has('no-sync') ? notFound() : sync(request, entry);
      case '/api/events/import':
        return isWeb && options.serveUi === false ? notFound() : takeImport(entry, bytes);
      case '/narae.json':
        return isWeb && !kinds.has('no-narae') ? answerNarae({ ...identity, capacity }, memory) : notFound();
      case '/api/inspector/events':
        return isWeb ? answerInspector(query, memory.ledger.held) : notFound();
      default: {
        if (!isWeb || !entry.path.startsWith('/api/stash/')) return notFound();
        const number = ++stashRequests;
        return answerStash(entry, { stash, faults, number, nowSeconds: now() }) ?? notFound();
      }
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const bytes = await buffer(request);
    const path = url.split('?')[0]!;
    const name = headerOf(request, 'x-nara-name');
    const entry = { method, path, name, body: bytes.toString(), status: 0 };
    requests.push(entry);
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
    const answer = stumble(requests.length, flaky) ?? (await route(request, entry, bytes.length));
    if (isShown(answer)) entry.status = answer.status;
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
      return served.current.events;
    },
    lost: memory.ledger.lost,
    get stash() {
      return stash.current?.data;
    },
    keys,
    given,
    requests,
    cleanUp: () => memory.cleanUp(now()),
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

function notFound(): Answer {
  return plainText(404, '404 page not found');
}

/** Go reads a header's bytes as UTF-8. */
function headerOf(request: IncomingMessage, name: string): string {
  return Buffer.from(String(request.headers[name] ?? ''), 'latin1').toString();
}

function systemClock(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
