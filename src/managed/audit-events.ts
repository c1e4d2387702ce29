import { MeshBackupError } from '../errors.ts';
import { NotJson } from '../event/json-cursor.ts';
import { readPythonJson, stringNode, type JsonNode } from '../event/python-json.ts';
import { sqliteCodeOf } from '../sqlite/database-error.ts';
import type { SqliteDatabase } from '../sqlite/load-sqlite.ts';
import { parseIsoNs } from './iso-time.ts';

/** Which audit events are wanted; an empty list and `undefined` mean all. */
export interface AuditSelection {
  readonly eventTypes?: readonly string[] | undefined;
  /** Unix nanoseconds, inclusive. */
  readonly sinceNs?: bigint | undefined;
  /** Unix nanoseconds, exclusive. */
  readonly untilNs?: bigint | undefined;
}

/** One row of `audit_events` that is wanted. */
export interface AuditEvent {
  /** As the column has it, at most 100 characters; `row 7` where that is NULL. For people. */
  readonly eventId: string;
  /** The object that `event_json` holds, secrets included. */
  readonly node: JsonNode;
  /** A window was asked for, and `created_at` cannot be read: who knows whether the event lies in it. */
  readonly isUndated: boolean;
}

/** The largest event that is read. One that is nothing but nesting takes a hundred and fifty times as much memory. */
export const MAX_EVENT_BYTES = 4 * 1024 * 1024;

interface Place {
  readonly place: bigint;
  /** `null` for what is no text, or too long for a moment. */
  readonly moment: string | null;
}

interface Row {
  readonly eventId: string | null;
  readonly kind: string;
  readonly size: number | null;
  /** `null` for what is no text, or too large. A string where the database is in UTF-16. */
  readonly json: Buffer | string | null;
}

// The sorting takes the times alone, so that it needs no room for the events. What the authority's own export leaves to
// chance, the order within one moment, is that of SQLite without an index: that of the rows.
const PLACES = `
  SELECT rowid AS place,
    CASE WHEN typeof(created_at) = 'text' AND octet_length(created_at) <= 64 THEN created_at END AS moment
  FROM audit_events ORDER BY created_at, rowid`;

const rowSql = (isUtf8: boolean): string => `
  SELECT substr(CAST(event_id AS TEXT), 1, 100) AS eventId, typeof(event_json) AS kind,
    octet_length(event_json) AS size,
    CASE WHEN typeof(event_json) = 'text' AND octet_length(event_json) <= ${MAX_EVENT_BYTES}
      THEN ${isUtf8 ? 'CAST(event_json AS BLOB)' : 'event_json'} END AS json
  FROM audit_events WHERE rowid = ?`;

/**
 * The audit events of an authority's database in the order of its own export: by the text of `created_at`, then as they
 * were stored. The type is the one inside of `event_json`, the time that of the column. One event is in memory at a time;
 * who wants all of them as of one moment begins a transaction. For each event that is not wanted comes `undefined`, so
 * that the caller can look up. `name` is what to call the database.
 * Throws `DATABASE_SCHEMA`, `AUDIT_EVENT` (of events in the window, whatever their type), and SQLite's errors.
 */
export function* readAuditEvents(
  db: SqliteDatabase,
  name: string,
  selection: AuditSelection,
): Generator<AuditEvent | undefined, void, undefined> {
  const { places, row } = prepare(db, name);
  const eventTypes = new Set((selection.eventTypes ?? []).map((type) => textOf(stringNode(type))));
  for (const { place, moment } of places.iterate()) {
    const inWindow = isInWindow(moment, selection);
    if (inWindow === false) yield undefined;
    else {
      const { eventId: id, ...content } = row.get(place)!;
      const eventId = id ?? `row ${place}`;
      const node = readEvent(eventId, content);
      const isOfType = eventTypes.size === 0 || eventTypes.has(textOf(node.members.get('event_type')));
      yield isOfType ? { eventId, node, isUndated: inWindow === undefined } : undefined;
    }
  }
}

function prepare(db: SqliteDatabase, name: string) {
  try {
    const isUtf8 = db.pragma('encoding', { simple: true }) === 'UTF-8';
    return {
      places: db.prepare<[], Place>(PLACES).safeIntegers(),
      row: db.prepare<[bigint], Row>(rowSql(isUtf8)),
    };
  } catch (cause) {
    if (sqliteCodeOf(cause) !== 'SQLITE_ERROR') throw cause;
    throw new MeshBackupError(
      'DATABASE_SCHEMA',
      `The table audit_events of ${name} lacks what it must have.`,
      {
        cause,
      },
    );
  }
}

/** `undefined`: nobody knows. */
function isInWindow(moment: string | null, { sinceNs, untilNs }: AuditSelection): boolean | undefined {
  if (sinceNs === undefined && untilNs === undefined) return true;
  const momentNs = moment === null ? undefined : parseIsoNs(moment);
  if (momentNs === undefined) return undefined;
  return (sinceNs === undefined || momentNs >= sinceNs) && (untilNs === undefined || momentNs < untilNs);
}

function readEvent(
  eventId: string,
  { kind, size, json }: Omit<Row, 'eventId'>,
): JsonNode & { kind: 'object' } {
  if (kind !== 'text') throw unreadable(eventId, `its event_json is no text but ${kind}`);
  if (json === null) {
    throw unreadable(eventId, `its event_json has ${size} bytes; more than ${MAX_EVENT_BYTES} are not read`);
  }
  const node = parse(eventId, typeof json === 'string' ? Buffer.from(json) : json);
  if (node.kind !== 'object') throw unreadable(eventId, 'its event_json is JSON, but no object');
  return node;
}

function parse(eventId: string, json: Buffer): JsonNode {
  try {
    return readPythonJson(json);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw unreadable(eventId, `its event_json is no JSON in UTF-8 (byte ${error.position})`);
  }
}

/** What an event holds may be secret: nothing of it is told but its ID. */
export function unreadable(eventId: string, reason: string): MeshBackupError {
  return new MeshBackupError('AUDIT_EVENT', `The audit event ${eventId} cannot be exported: ${reason}.`, {
    hint: 'Look at it in the database, or leave it out with --since and --until.',
  });
}

function textOf(node: JsonNode | undefined): string {
  return node?.kind === 'scalar' ? node.text : '';
}
