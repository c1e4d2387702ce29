import { request as httpRequest } from 'node:http';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';

/** A client that is as plain as can be: it shows every byte that came, and checks nothing. */
export interface RawAnswer {
  status: number;
  rawHeaders: string[];
  body: string;
}

export interface RawRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Called with each piece of the body. */
  onData?: (chunk: Buffer) => void;
}

export function send(url: string, request: RawRequest): Promise<RawAnswer> {
  const { method, path, headers = {}, signal } = request;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      new URL(path, url),
      { method, headers, ...(signal && { signal }) },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          request.onData?.(chunk);
        });
        incoming.once('error', reject);
        incoming.once('end', () => {
          const { statusCode: status = 0, rawHeaders } = incoming;
          resolve({ status, rawHeaders, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    outgoing.once('error', reject);
    // A string would take the headers with it into UTF-8, which they are not.
    outgoing.end(Buffer.from(request.body ?? ''));
  });
}

export function signHeaders(
  who: SandboxIdentity,
  method: string,
  path: string,
  unixMs: bigint,
): Record<string, string> {
  return {
    'X-Nara-Name': who.name,
    'X-Nara-Timestamp': String(unixMs),
    'X-Nara-Signature': who.sign(Buffer.from(`${who.name}${unixMs}${method}${path}`)),
  };
}

/** One signed sync request; `parameters` are those of the body beside `from`. */
export function sync(
  nara: SandboxNara,
  who: SandboxIdentity,
  parameters: object = { mode: 'page' },
  more: Partial<RawRequest> & { unixMs?: bigint } = {},
): Promise<RawAnswer> {
  const { unixMs = BigInt(Date.now()), ...request } = more;
  return send(nara.url, {
    method: 'POST',
    path: '/events/sync',
    headers: signHeaders(who, 'POST', '/events/sync', unixMs),
    body: JSON.stringify({ from: who.name, ...parameters }),
    ...request,
  });
}

export function headerOf(answer: RawAnswer, name: string): string | undefined {
  const at = answer.rawHeaders.findIndex((text, index) => index % 2 === 0 && text === name);
  return at === -1 ? undefined : answer.rawHeaders[at + 1];
}

/** The exact texts of the events in a sync answer's body. */
export function linesIn(body: string): string[] {
  const lines: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of body.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{' && ++depth === 2) start = index;
    if (token === '}' && depth-- === 2) lines.push(body.slice(start, index + 1));
  }
  return lines;
}

export function cursorIn(body: string): string | undefined {
  return /"next_cursor":"([^"]*)"/.exec(body)?.[1];
}
