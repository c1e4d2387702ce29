import { isObject, parseExactJson } from './exact-json.ts';
import type { WireObject, WireValue } from './go-json.ts';

/** The body of `POST /events/sync` as a server reads it; what is missing is '', 0n or an empty list. */
export interface SyncRequest {
  readonly from: string;
  /** Empty for all. */
  readonly services: readonly string[];
  /** Empty for all. */
  readonly subjects: readonly string[];
  readonly mode: string;
  readonly pageSize: bigint;
  readonly cursor: string;
  readonly limit: bigint;
  readonly sampleSize: bigint;
  /** Unix nanoseconds. */
  readonly sinceTime: bigint;
  readonly sliceIndex: bigint;
  readonly sliceTotal: bigint;
  readonly maxEvents: bigint;
}

/** `undefined` where the server answers 400 `Invalid JSON`: no JSON object, or a field of a wrong type. */
export function parseSyncRequest(body: string): SyncRequest | undefined {
  try {
    const wire = parseExactJson(body);
    return isObject(wire) ? readFields(wire) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readFields(wire: WireObject): SyncRequest {
  return {
    from: text(wire['from'] ?? null),
    services: texts(wire['services'] ?? null),
    subjects: texts(wire['subjects'] ?? null),
    mode: text(wire['mode'] ?? null),
    pageSize: integer(wire['page_size'] ?? null),
    cursor: text(wire['cursor'] ?? null),
    limit: integer(wire['limit'] ?? null),
    sampleSize: integer(wire['sample_size'] ?? null),
    sinceTime: integer(wire['since_time'] ?? null),
    sliceIndex: integer(wire['slice_index'] ?? null),
    sliceTotal: integer(wire['slice_total'] ?? null),
    maxEvents: integer(wire['max_events'] ?? null),
  };
}

function text(value: WireValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') throw new SyntaxError('not a string');
  return value;
}

function texts(value: WireValue): string[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new SyntaxError('not a list');
  return (value as readonly WireValue[]).map(text);
}

function integer(value: WireValue): bigint {
  if (value === null) return 0n;
  if (typeof value !== 'bigint' || !isInt64(value)) throw new SyntaxError('not an int64');
  return value;
}

export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
