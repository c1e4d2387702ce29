import { createHash } from 'node:crypto';
import { PublicKey } from '../identity/keypair.ts';
import { json, plainText, type Answer } from './answer.ts';
import { base64Error } from './go-base64.ts';
import { formatGoDuration } from './go-duration.ts';
import { encodeGoJson } from './go-json.ts';
import { isPoison, type ImportRequest } from './import-request.ts';
import type { NaraMemory } from './nara-memory.ts';

const CLOCK_TOLERANCE_NS = 300_000_000_000n;
const SECOND_NS = 1_000_000_000n;
/** A Go Duration holds no more, and is cut off there. */
const LONGEST_NS = 2n ** 63n - 1n;

/** What one answer of `POST /api/events/import` is made from. */
export interface ImportContext {
  readonly memory: NaraMemory;
  /** Base64; the owner's is the only signature that counts. */
  readonly publicKey: string;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
}

/**
 * The answer to an import, the events stored when it comes. `request` is `undefined` where its body cannot be read.
 * Source: specification, "Import".
 */
export function answerImport(
  method: string,
  request: ImportRequest | undefined,
  context: ImportContext,
): Answer {
  if (method !== 'POST') return plainText(405, 'Method not allowed');
  if (request === undefined) return refuse(400, 'Invalid JSON');
  const fault = findSoulFault(request, context);
  if (fault !== undefined) return refuse(403, `Authentication failed: ${fault}`);
  const { events } = request;
  if (events.some(isPoison)) return { ...plainText(500, ''), delivery: 'drop' };
  const { imported, warnings } = context.memory.import(events, Number(context.nowNs / SECOND_NS));
  const duplicates = events.length - imported;
  const warned = warnings === 0 ? '' : `,"warnings":${warnings}`;
  return bareJson(200, `{"success":true,"imported":${imported},"duplicates":${duplicates}${warned}}\n`);
}

function findSoulFault({ events, ts, sig }: ImportRequest, context: ImportContext): string | undefined {
  const ageNs = clip(context.nowNs - ts * SECOND_NS);
  if (ageNs > CLOCK_TOLERANCE_NS || ageNs < -CLOCK_TOLERANCE_NS) {
    return `timestamp too old or in future: ${formatGoDuration(ageNs)}`;
  }
  const encodingFault = base64Error(sig);
  if (encodingFault !== undefined) return `invalid signature encoding: ${encodingFault}`;
  const digest = createHash('sha256').update(`${ts}:`);
  for (const { event } of events) digest.update(event.id);
  const isOwner = PublicKey.parse(context.publicKey)?.verify(digest.digest(), sig) === true;
  return isOwner ? undefined : 'signature verification failed';
}

function clip(durationNs: bigint): bigint {
  if (durationNs > LONGEST_NS) return LONGEST_NS;
  return durationNs < -LONGEST_NS ? -LONGEST_NS - 1n : durationNs;
}

function refuse(status: number, error: string): Answer {
  return bareJson(status, `{"success":false,"imported":0,"duplicates":0,"error":${encodeGoJson(error)}}\n`);
}

/** Without the charset that other answers of a nara name. */
export function bareJson(status: number, body: string): Answer {
  return { ...json(body), status, headers: [['Content-Type', 'application/json']] };
}
