import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { json, plainStatus, plainText, type Answer, type Delivery } from './answer.ts';
import { distortPage } from './distort-page.ts';
import { findFault, type Fault, type FaultKind } from './faults.ts';
import { encodeGoJson } from './go-json.ts';
import type { Ledger, Selection } from './ledger.ts';
import { signAnswer } from './mesh-auth.ts';
import { parseSyncRequest, type SyncRequest } from './sync-request.ts';

/** What one answer of `POST /events/sync` is made from. */
export interface SyncContext {
  readonly name: string;
  readonly ledger: Ledger;
  readonly faults: readonly Fault[];
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
  readonly sign: (message: Uint8Array) => string;
  /** Number of the answer, 1 is the first; asked for once the request is found good. */
  readonly countAnswer: () => number;
  /** What the answer before it held; kept here for the next. */
  readonly memory: { before?: Selection };
}

const EARLIEST_CURSOR = '-9223372036854775808';

/** The answer to an authenticated request, with the faults that show in it. */
export function answerSync({ method, body }: { method: string; body: string }, context: SyncContext): Answer {
  if (method !== 'POST') return signed(plainText(405, 'Method not allowed'), context);
  const request = parseSyncRequest(body);
  if (request === undefined) return signed(plainText(400, 'Invalid JSON'), context);
  if (request.from === '') return signed(plainText(400, 'from is required'), context);

  const number = context.countAnswer();
  const fault = (kind: FaultKind): Fault | undefined => findFault(context.faults, kind, number);
  const status = fault('status');
  if (status) return signed(plainStatus(status.amount), context);
  if (fault('redirect')) {
    const { headers, ...rest } = plainStatus(307);
    return signed({ ...rest, headers: [...headers, ['Location', '/events/sync']] }, context);
  }
  const huge = fault('huge');
  if (huge) return { ...json(`{"from":${encodeGoJson(context.name)},"events":[`), blankBytes: huge.amount };

  const selection = select(request, context, fault, number);
  const sign = fault('bad-signature') ? signOtherwise(context.sign) : context.sign;
  const text = writeBody(selection, { ...context, sign }, fault('unsigned') === undefined);
  const isMalformed = fault('malformed') !== undefined;
  const whole = json(isMalformed ? text.slice(0, text.length / 2) : text);
  const sealed = fault('unsigned') ? whole : signed(whole, { ...context, sign });
  const delivery = (['hang', 'stall', 'cut', 'trickle'] satisfies Delivery[]).find(fault);
  return {
    ...disguise(sealed, fault),
    ...(delivery && { delivery }),
    gives: isMalformed ? [] : selection.events.map((event) => event.line),
  };
}

function select(
  request: SyncRequest,
  { ledger, memory }: SyncContext,
  fault: (kind: FaultKind) => Fault | undefined,
  number: number,
): Selection {
  if (fault('repeat') && number % 2 === 0 && memory.before !== undefined) return memory.before;
  const selection = ledger.select(fault('stuck-cursor') ? { ...request, cursor: EARLIEST_CURSOR } : request);
  return (memory.before = distortPage(selection, request, fault));
}

/** The body's own signature covers neither the cursor nor the events' content, only their IDs. */
function writeBody(selection: Selection, context: SyncContext, isSigned: boolean): string {
  const { name, nowNs } = context;
  const { events, nextCursor } = selection;
  const seconds = nowNs / 1_000_000_000n;
  const ids = events.map((event) => event.id).join('');
  const lines = events.length === 0 ? 'null' : `[${events.map((event) => event.line).join(',')}]`;
  const cursor = nextCursor === undefined ? '' : `,"next_cursor":"${nextCursor}"`;
  const sig = isSigned
    ? `,"sig":"${context.sign(hash('sha256', `${name}:${seconds}:${ids}`, 'buffer'))}"`
    : '';
  return `{"from":${encodeGoJson(name)},"events":${lines}${cursor},"ts":${seconds}${sig}}\n`;
}

function signed(answer: Answer, context: SyncContext): Answer {
  const { name, nowNs, sign } = context;
  return { ...answer, headers: [...answer.headers, ...signAnswer({ name, nowNs, body: answer.body }, sign)] };
}

/** True signatures of the right key, over something else. */
function signOtherwise(sign: SyncContext['sign']): SyncContext['sign'] {
  return (message) => sign(Buffer.concat([message, Buffer.from('!')]));
}

function disguise(answer: Answer, fault: (kind: FaultKind) => Fault | undefined): Answer {
  const headers = answer.headers.map(([name, value]): readonly [string, string] =>
    name === 'Content-Type' && fault('content-type') ? [name, 'text/html; charset=utf-8'] : [name, value],
  );
  if (!fault('gzip')) return { ...answer, headers };
  return { ...answer, headers: [...headers, ['Content-Encoding', 'gzip']], body: gzipSync(answer.body) };
}
