import { readdirSync, readFileSync } from 'node:fs';
import { startNara } from '../../src/sandbox/nara.ts';
import { parseLine, type SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { readIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { linesIn, send, signHeaders, type RawAnswer } from './client.ts';

const folder = new URL('../../fixtures/vectors/http/', import.meta.url);

/** What a real nara answered; see fixtures/README.md. */
export interface Recording {
  served_by: string;
  port: 'mesh' | 'public';
  request: { method: string; path: string; headers?: Record<string, string>; body?: string };
  response: RawAnswer;
}

interface Identities {
  peers: Record<string, { name: string; soul: string; mesh_ip?: string }>;
}

export const recordingNames = readdirSync(folder)
  .map((file) => file.replace(/\.json$/, ''))
  .filter((name) => name !== 'identities');

const { peers } = readJson('identities') as Identities;

export function readRecording(name: string): Recording {
  return readJson(name) as Recording;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

function identify(name: string): SandboxIdentity {
  const peer = peers[name]!;
  return readIdentity(peer.name, peer.soul);
}

/** The recorded request, sent to a sandbox nara that has the recorded identity, clock and events. */
export async function replay(recording: Recording, events: readonly SandboxEvent[]): Promise<RawAnswer> {
  const nowNs = clockOf(recording.response);
  const { served_by, request } = recording;
  const known = Object.keys(peers).filter((name) => name !== 'stranger2');
  const nara = await startNara({
    identity: identify(served_by),
    events,
    clock: () => nowNs,
    door: recording.port === 'mesh' ? 'mesh' : 'web',
    meshIp: peers[served_by]!.mesh_ip!,
    knownKeys: new Map(known.map((name) => [name, identify(name).publicKey])),
  });
  try {
    const { method, path } = request;
    // Some recordings do not say which headers the request bore: those requests are signed anew.
    const headers = request.headers ?? signHeaders(identify('n1'), method, path, nowNs / 1_000_000n);
    return await send(nara.url, {
      method,
      path,
      headers,
      ...(request.body !== undefined && { body: request.body }),
    });
  } finally {
    await nara.close();
  }
}

/** The moment of the answer, unix nanoseconds: as exactly as the recording tells it. */
function clockOf({ rawHeaders, body }: RawAnswer): bigint {
  const header = (name: string): string => rawHeaders[rawHeaders.indexOf(name) + 1]!;
  const ping = /"t":(\d+)/.exec(body)?.[1];
  if (ping !== undefined) return BigInt(ping);
  if (rawHeaders.includes('X-Nara-Timestamp')) return BigInt(header('X-Nara-Timestamp')) * 1_000_000n;
  const late = /in future: 6m40\.(\d{9})s/.exec(body)?.[1];
  if (late !== undefined) return BigInt(Date.parse(header('Date'))) * 1_000_000n + BigInt(late);
  // The one refused for its time, 60 s in the future, tells how far it was off; its X-Nara-Timestamp is 1795221701549.
  if (body.includes('-59.998663142s')) return 1_795_221_701_549_000_000n - 59_998_663_142n;
  return BigInt(Date.parse(header('Date'))) * 1_000_000n;
}

/**
 * The events with which a nara can answer as recorded. What else the real one held does not show, with one exception:
 * a slice gives every 4000th event, so there the gaps are filled with 3999 others.
 */
export function ledgerFor(name: string): readonly SandboxEvent[] {
  const { served_by, request } = readRecording(name);
  // What an import found there already: each recorded one came when the one before had been taken.
  if (name === 'import-duplicates') return eventsAt('import-ok');
  if (name === 'import-mixed') return eventsAt('import-ok').slice(3);
  if (request.path === '/api/events/import') return [];
  if (name === 'legacy-slice-n2') {
    return eventsIn(name)
      .flatMap((event) => [event, ...Array.from({ length: 3999 }, () => ({ ...filler, tsNs: event.tsNs }))])
      .toSpliced(0, 0, filler);
  }
  const fellows = recordingNames.filter(
    (other) => other !== 'legacy-slice-n2' && readRecording(other).served_by === served_by,
  );
  const events = fellows.flatMap(eventsIn);
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

const filler = parseLine('{"id":"","ts":1,"svc":"filler"}').event;

function eventsAt(name: string): SandboxEvent[] {
  return linesIn(readRecording(name).request.body!).map((line) => parseLine(line).event);
}

function eventsIn(name: string): SandboxEvent[] {
  const { request, response } = readRecording(name);
  return request.path === '/events/sync' ? linesIn(response.body).map((line) => parseLine(line).event) : [];
}
