import { MeshBackupError } from '../errors.ts';
import { parseIsoNs } from '../managed/iso-time.ts';
import { asDatabaseError } from '../sqlite/database-error.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import { assertSoundContent } from '../sqlite/soundness.ts';
import { hasTables } from '../sqlite/tables.ts';
import type { SqliteDatabase } from '../sqlite/load-sqlite.ts';
import type { Candidate, KnownTime, NoBackup, Probe, ProbeContext, Probed } from './probe.ts';

const NS_PER_MS = 1_000_000n;
const BUSY_TIMEOUT_MS = 5000;
const AUDIT_TABLE = 'audit_events';
/** Clocks of two machines differ a little. */
const FUTURE_MS = 5 * 60_000;
const FLAWS = new Set<string>(['DATABASE_DAMAGED', 'DATABASE_FORMAT']);

/**
 * Looks at databases: whether SQLite finds one whole, and when the newest audit event is from that is not of the future.
 * Nothing in such a database is signed; the series is the ID of its oldest audit event, which all backups of one
 * authority share. One without such an event is a series of its own, one without a table of them is somebody else's.
 */
export class ManagedProbe implements Probe {
  readonly kind = 'managed';

  async probe({ name, path }: Candidate, { nowMs, signal }: ProbeContext): Promise<Probed | NoBackup> {
    const settings = { mode: 'read', busyTimeoutMs: BUSY_TIMEOUT_MS, signal } as const;
    // Of what cannot be opened, nobody knows whose it is: that is no flaw of ours.
    return withDatabase(path, settings, (db) => {
      if (!hasTables(db, [AUDIT_TABLE])) return { reason: `a database without ${AUDIT_TABLE}` };
      try {
        assertSoundContent(db, 'the database');
        const { newest, oldestId } = readAudit(db, nowMs);
        return { series: seriesOf(name, oldestId), time: newest, flaws: [] };
      } catch (cause) {
        const error = asDatabaseError(path, cause);
        if (!(error instanceof MeshBackupError) || !FLAWS.has(error.code)) throw error;
        return { series: seriesOf(name, claimedId(db, nowMs)), time: undefined, flaws: [error.message] };
      }
    });
  }
}

function seriesOf(name: string, oldestId: string | undefined): string {
  return oldestId === undefined ? `${name} alone` : `since audit event ${oldestId}`;
}

/** Of a database that is damaged, if it still tells. */
function claimedId(db: SqliteDatabase, nowMs: number): string | undefined {
  try {
    return readAudit(db, nowMs).oldestId;
  } catch {
    return undefined;
  }
}

function readAudit(
  db: SqliteDatabase,
  nowMs: number,
): { newest: KnownTime | undefined; oldestId: string | undefined } {
  let newestNs: bigint | undefined;
  let oldest: { readonly ns: bigint; readonly id: string } | undefined;
  const limitNs = BigInt(Math.trunc(nowMs + FUTURE_MS)) * NS_PER_MS;
  // Zones may differ: the largest text need not be the latest time.
  const rows = db.prepare<[], { id: unknown; time: unknown }>(
    `SELECT event_id AS id, created_at AS time FROM ${AUDIT_TABLE}`,
  );
  for (const { id, time } of rows.iterate()) {
    const ns = typeof time === 'string' ? parseIsoNs(time) : undefined;
    if (ns === undefined) continue;
    if (ns <= limitNs && (newestNs === undefined || ns > newestNs)) newestNs = ns;
    if (typeof id !== 'string') continue;
    if (oldest === undefined || ns < oldest.ns || (ns === oldest.ns && id < oldest.id)) oldest = { ns, id };
  }
  return {
    newest: newestNs === undefined ? undefined : { timeMs: Number(newestNs / NS_PER_MS), by: 'audit' },
    oldestId: oldest?.id,
  };
}
