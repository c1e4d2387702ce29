import { json, plainText, type Answer } from './answer.ts';
import { findFault, type Fault } from './faults.ts';
import { encodeGoJson } from './go-json.ts';
import { bareJson } from './import-endpoint.ts';
import type { NaraStash } from './nara-stash.ts';

/** How many confidants a nara looks for. */
const TARGET_COUNT = 3;

export interface StashContext {
  readonly stash: NaraStash;
  readonly faults: readonly Fault[];
  /** 1 for the first request to any of these endpoints. */
  readonly number: number;
  readonly nowSeconds: number;
}

/**
 * The answers of `/api/stash/status`, `update` and `recover`; `undefined` for other paths. What a recovery answers, and
 * the text of the 500, are guessed. Source: specification, "Stash".
 */
export function answerStash(
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: string },
  { stash, faults, number, nowSeconds }: StashContext,
): Answer | undefined {
  const wanted = METHODS.get(path);
  if (wanted === undefined) return undefined;
  if (method !== wanted) return plainText(405, 'Method not allowed');
  if (number <= (findFault(faults, 'stash-busy')?.amount ?? 0)) {
    return plainText(500, 'Stash service not ready');
  }
  if (path === STATUS) return json(`${statusText(stash)}\n`);
  if (path === RECOVER) {
    stash.recover();
    return said(true, 'Stash recovery initiated');
  }
  if (!stash.set(body, nowSeconds)) return plainText(400, 'Invalid JSON');
  return stash.takers === 0
    ? said(false, 'Failed to distribute stash: no confidants available')
    : said(true, 'Stash updated and distributed to confidants');
}

const STATUS = '/api/stash/status';
const RECOVER = '/api/stash/recover';
const METHODS = new Map([
  [STATUS, 'GET'],
  ['/api/stash/update', 'POST'],
  [RECOVER, 'POST'],
]);

function said(success: boolean, message: string): Answer {
  return bareJson(200, `{"success":${success},"message":${encodeGoJson(message)}}\n`);
}

function statusText(stash: NaraStash): string {
  const held = stash.look();
  const confidants = stash.confidants.map(({ id, name, isOnline }) =>
    encodeGoJson({ id, name, online: isOnline }),
  );
  const mine = held === undefined ? 'null' : `{"timestamp":${held.timestamp},"data":${held.data}}`;
  return (
    `{"has_stash":${held !== undefined},"my_stash":${mine},"confidants":[${confidants.join(',')}],` +
    `"metrics":{"stashes_stored":0,"total_stash_bytes":0},"target_count":${TARGET_COUNT}}`
  );
}
