import { STATUS_CODES, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * How an answer gets there: `stall` and `cut` end in the middle of the body; `hang`, `reset` and `drop` before its first
 * byte, the latter two with the connection, hard or politely; `trickle` gives it byte by byte.
 */
export type Delivery = 'whole' | 'stall' | 'cut' | 'hang' | 'reset' | 'drop' | 'trickle';

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Default `whole`. */
  readonly delivery?: Delivery;
  /** So many bytes of blanks follow the body, streamed. */
  readonly blankBytes?: number;
  /** The lines of the events in it. */
  readonly gives?: readonly string[];
}

/** Which of a nara's two doors: real ones differ in the order of headers, as the mesh's sends them sorted. */
export type Door = 'mesh' | 'web';

/** Go's `http.Error`. */
export function plainText(status: number, text: string): Answer {
  return {
    status,
    headers: [
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['X-Content-Type-Options', 'nosniff'],
    ],
    body: Buffer.from(`${text}\n`),
  };
}

export function plainStatus(status: number): Answer {
  return plainText(status, STATUS_CODES[status] ?? `Status ${status}`);
}

export function json(body: string): Answer {
  return {
    status: 200,
    headers: [['Content-Type', 'application/json; charset=utf-8']],
    body: Buffer.from(body),
  };
}

/** Whether the client sees anything of the answer. */
export function isShown({ delivery }: Answer): boolean {
  return delivery !== 'hang' && delivery !== 'reset' && delivery !== 'drop';
}

/** Go sends bodies that do not fit its buffer without a length. */
const GO_BUFFER_BYTES = 2048;
const TRICKLE_MS = 20;
const BLANKS = Buffer.alloc(65_536, ' ');

/** Sends the answer with the very headers of a real nara. Resolves once its fate is known, never for `hang`. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  { door, nowNs }: { door: Door; nowNs: bigint },
): Promise<void> {
  const { body, delivery = 'whole', blankBytes = 0 } = answer;
  if (delivery === 'hang') return;
  if (delivery === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (delivery === 'drop') {
    response.destroy();
    return;
  }
  // Go sends neither of the two that Node adds by itself.
  response.removeHeader('Connection');
  response.writeHead(answer.status, arrangeHeaders(answer, door, nowNs).flat());
  const half = body.subarray(0, Math.ceil(body.length / 2));
  if (delivery === 'stall') response.write(half);
  else if (delivery === 'cut') response.write(half, () => response.destroy());
  else if (delivery === 'trickle') trickle(response, body);
  else if (blankBytes > 0) await streamBlanks(response, body, blankBytes);
  else response.end(body);
}

function arrangeHeaders(answer: Answer, door: Door, nowNs: bigint): (readonly [string, string])[] {
  const date = ['Date', new Date(Number(nowNs / 1_000_000n)).toUTCString()] as const;
  const isChunked = answer.body.length + (answer.blankBytes ?? 0) > GO_BUFFER_BYTES;
  const length = ['Content-Length', String(answer.body.length)] as const;
  const chunked = ['Transfer-Encoding', 'chunked'] as const;
  const own = answer.headers.map(([name, value]) => [name, asHeaderBytes(value)] as const);
  if (door === 'web') return [...sortByName(own), date, isChunked ? chunked : length];
  const sorted = sortByName([...own, date, ...(isChunked ? [] : [length])]);
  return isChunked ? [...sorted, chunked] : sorted;
}

/** Go sends the bytes of UTF-8; Node takes a header's value as one byte a character. */
function asHeaderBytes(value: string): string {
  return Buffer.from(value).toString('latin1');
}

function sortByName(headers: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return headers.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function trickle(response: ServerResponse, body: Uint8Array): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + 1));
    if (++at < body.length) return;
    clearInterval(timer);
    response.end();
  }, TRICKLE_MS);
  response.once('close', () => {
    clearInterval(timer);
  });
}

async function streamBlanks(response: ServerResponse, body: Uint8Array, bytes: number): Promise<void> {
  function* chunks(): Generator<Uint8Array> {
    yield body;
    for (let left = bytes; left > 0; left -= BLANKS.length) yield BLANKS.subarray(0, left);
  }
  try {
    await pipeline(Readable.from(chunks(), { objectMode: false }), response);
  } catch {
    // The client had enough, which is what it should do.
  }
}
