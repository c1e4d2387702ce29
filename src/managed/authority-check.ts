import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { PeerHttp } from '../mesh/http.ts';

/** What one path of an authority answered. */
export interface AuthorityAnswer {
  /** Ours, without the slash and `.json`: `readyz`. */
  readonly name: string;
  readonly path: string;
  /** Why it is not as it should be; `undefined`: it is. It may hold text of the server: whoever prints it escapes it. */
  readonly problem: string | undefined;
  /** HTTP's; `undefined`: there was no answer. */
  readonly status: number | undefined;
  /** As it came; empty where there was no answer. */
  readonly body: Buffer;
  readonly isJson: boolean;
}

export interface AuthoritySettings {
  readonly http: PeerHttp;
  readonly url: URL;
  /** For one request, answer and all. */
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** More than any authority's list of nodes. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_SHOWN_CHARACTERS = 100;

/** What an authority tells everybody, in the order of the runbook. Source: specification, "Its restore drill". */
const PATHS: readonly { readonly path: string; readonly status?: string }[] = [
  { path: '/healthz', status: 'ok' },
  { path: '/readyz', status: 'ready' },
  { path: '/connectome.json' },
  { path: '/nodes' },
  { path: '/crl' },
  { path: '/policy' },
];

/**
 * Asks an authority for all that it tells of its health and its trust, one path after another. What is wrong with an
 * answer, or that there is none, is in what comes back. Throws `PLAIN_HTTP` and the signal's reason.
 */
export async function checkAuthority(settings: AuthoritySettings): Promise<AuthorityAnswer[]> {
  const answers: AuthorityAnswer[] = [];
  for (const { path, status } of PATHS) answers.push(await ask(settings, path, status));
  return answers;
}

/** Whether it says of itself that it takes requests: the one path of them that tells. Throws as `checkAuthority` does. */
export async function isReady(settings: AuthoritySettings): Promise<boolean> {
  const { path, status } = PATHS[1]!;
  return (await ask(settings, path, status)).problem === undefined;
}

async function ask(
  settings: AuthoritySettings,
  path: string,
  wanted: string | undefined,
): Promise<AuthorityAnswer> {
  const name = path.slice(1).replace(/\.json$/, '');
  try {
    const { status, body } = await send(settings, path);
    const said = parseJson(body.toString('utf8'));
    const problem = problemOf(status, said, wanted);
    return { name, path, problem, status, body: Buffer.from(body), isJson: said !== undefined };
  } catch (error) {
    settings.signal.throwIfAborted();
    if (!(error instanceof MeshBackupError) || error.code === 'PLAIN_HTTP') throw error;
    const problem = `${error.message} (${error.code})`;
    return { name, path, problem, status: undefined, body: Buffer.alloc(0), isJson: false };
  }
}

/** Each on a connection of its own: one that hangs or breaks says nothing of the next. */
async function send(
  { http, url, requestTimeoutMs, signal }: AuthoritySettings,
  path: string,
): Promise<{ status: number; body: Buffer }> {
  const deadline = new Deadline(signal, requestTimeoutMs, () => {
    return new MeshBackupError('PEER_SILENT', `no answer within ${requestTimeoutMs / 1000} s`, {
      retryable: true,
    });
  });
  const connection = http.connect(url);
  try {
    const idleTimeoutMs = requestTimeoutMs;
    const asked = { method: 'GET', path, maxBytes: MAX_ANSWER_BYTES, idleTimeoutMs } as const;
    return await connection.send({ ...asked, signal: deadline.signal });
  } finally {
    deadline.end();
    await connection.close();
  }
}

function problemOf(status: number, said: unknown, wanted: string | undefined): string | undefined {
  if (status !== 200) return `HTTP ${status}`;
  if (said === undefined) return 'the answer is no JSON';
  if (typeof said !== 'object' || said === null) return 'the answer is no JSON object or list';
  if (wanted === undefined) return undefined;
  const state = 'status' in said ? said.status : undefined;
  return state === wanted
    ? undefined
    : `its status is ${state === undefined ? 'missing' : shown(state)}, not "${wanted}"`;
}

/** It ends up in records, which are no place for megabytes of a server's. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
