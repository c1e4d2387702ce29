import { createHash } from 'node:crypto';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent, type EventParts } from '../../src/sandbox/event-maker.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import type { SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { send, type RawAnswer, type RawRequest } from './client.ts';

/** The clock of naras in these tests. */
export const NOW_SECONDS = 1_770_000_000n;
export const NOW_NS = NOW_SECONDS * 1_000_000_000n;
export const clock = (): bigint => NOW_NS;

/** The body of an import that its owner signs over the IDs given, those of the events unless told. */
export function importBody(
  owner: SandboxIdentity,
  events: readonly SandboxEvent[],
  { ts = NOW_SECONDS, ids = events.map(({ id }) => id) }: { ts?: bigint; ids?: readonly string[] } = {},
): string {
  const digest = createHash('sha256')
    .update(`${ts}:${ids.join('')}`)
    .digest();
  return `{"events":[${events.map(({ line }) => line).join(',')}],"ts":${ts},"sig":"${owner.sign(digest)}"}`;
}

export function postImport(
  nara: SandboxNara,
  body: string,
  more: Partial<RawRequest> = {},
): Promise<RawAnswer> {
  return send(nara.url, { method: 'POST', path: '/api/events/import', body, ...more });
}

/** What the nara says to these events, or the counts in it. */
export async function importInto(
  nara: SandboxNara,
  owner: SandboxIdentity,
  events: readonly SandboxEvent[],
): Promise<{ success: boolean; imported: number; duplicates: number; warnings?: number; error?: string }> {
  const { body } = await postImport(nara, importBody(owner, events));
  return JSON.parse(body) as Awaited<ReturnType<typeof importInto>>;
}

export function event(
  svc: string,
  tsNs: number | bigint,
  payload: WireObject,
  more: Partial<EventParts> = {},
): SandboxEvent {
  return makeEvent({ svc, tsNs: BigInt(tsNs), payload, ...more });
}

export function ping(target: string, tsNs: number | bigint, observer = 'alice'): SandboxEvent {
  return event('ping', tsNs, { observer, target, rtt: 1.5 });
}

export function status(tsNs: number | bigint, observer = 'alice', subject = 'bob'): SandboxEvent {
  const payload = { observer, subject, type: 'status-change', importance: 2, online_state: 'ONLINE' };
  return event('observation', tsNs, payload);
}

export function restart(tsNs: number | bigint, observer = 'alice', subject = 'bob'): SandboxEvent {
  const payload = {
    observer,
    subject,
    type: 'restart',
    importance: 3,
    start_time: 1,
    restart_num: Number(tsNs),
  };
  return event('observation', tsNs, payload);
}

export function seen(tsNs: number | bigint, observer = 'alice', subject = 'bob'): SandboxEvent {
  return event('seen', tsNs, { observer, subject, via: 'mesh' });
}

export function tease(tsNs: number | bigint, witness?: string): SandboxEvent {
  return event('social', tsNs, { type: 'tease', actor: 'alice', target: 'bob', witness });
}

export function checkpoint(tsNs: number | bigint, subject = 'bob'): SandboxEvent {
  const counts = { restarts: 1, totalUptime: 1, startTime: 1, asOfTime: 1_770_000_000, round: 1 };
  return event('checkpoint', tsNs, makeCheckpoint({ version: 1, subject, subjectId: '', ...counts }, []));
}

/** Signed with the key that it brings, unless another is to sign it, or (null) nobody. */
export function heyThere(
  who: SandboxIdentity,
  tsNs: number | bigint,
  signer: SandboxIdentity | null = who,
): SandboxEvent {
  const payload = { From: who.name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
  return event('hey-there', tsNs, payload, { ...(signer && { signer }) });
}
