import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { readDatabase } from '../sqlite/read-in-place.ts';
import { assertAuthority } from './assert-authority.ts';
import { readAuditEvents, type AuditSelection } from './audit-events.ts';
import { AuditPrinter, type AuditFormat } from './audit-printer.ts';
import { HeldOutput } from './held-output.ts';

export interface AuditExportOptions extends AuditSelection {
  readonly dbPath: string;
  readonly format: AuditFormat;
  readonly busyTimeoutMs: number;
  /** For a private file, if the output has more than 8 MiB. Default: the system's place (TMPDIR). */
  readonly spillFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AuditExportSummary {
  /** Events that were written. */
  readonly eventCount: number;
  /** Events whose `created_at` cannot be read, where a window was given: they are not written. */
  readonly undatedCount: number;
  /** The IDs of the first hundred of them. */
  readonly undated: readonly string[];
}

const MAX_NAMED = 100;
/** So many events, or bytes of them, between two looks at the rest of the world. */
const BREATH_EVENTS = 1000;
const BREATH_BYTES = 1024 * 1024;

/**
 * Exports the audit events of an authority's database, redacted, byte for byte as the authority's own export does. It
 * reads the state of one moment, while the authority may go on writing. `write` takes bytes, in order, and is called again
 * when it has resolved: not before all is read and the database is closed, so that nothing is written where one event
 * cannot be read, and that a slow reader keeps nobody waiting.
 * Throws `AUDIT_EVENT`, `DATABASE_SYSTEM`, `DATABASE_SCHEMA`, what `readDatabase` throws, `NO_ROOM`, `TEMPORARY_FILE`,
 * the signal's reason, and what `write` throws.
 */
export async function exportAuditEvents(
  options: AuditExportOptions,
  write: (bytes: Buffer) => Promise<void>,
): Promise<AuditExportSummary> {
  const output = new HeldOutput(options.spillFolder ?? tmpdir());
  try {
    const summary = await gather(options, output);
    for (const piece of output.pieces()) {
      options.signal?.throwIfAborted();
      await write(piece);
    }
    return summary;
  } finally {
    output.close();
  }
}

function gather(options: AuditExportOptions, output: HeldOutput): Promise<AuditExportSummary> {
  const { dbPath, busyTimeoutMs, format, signal } = options;
  return readDatabase(dbPath, { busyTimeoutMs, signal }, async (db) => {
    db.exec('BEGIN');
    assertAuthority(db, dbPath);
    const printer = new AuditPrinter(format, output);
    const undated: string[] = [];
    let undatedCount = 0;
    let steps = 0;
    let breathAt = BREATH_BYTES;
    for (const event of readAuditEvents(db, dbPath, options)) {
      if (event?.isUndated === true) {
        undatedCount++;
        if (undated.length < MAX_NAMED) undated.push(event.eventId);
      } else if (event !== undefined) printer.print(event);
      if (++steps % BREATH_EVENTS === 0 || printer.bytes >= breathAt) {
        breathAt = printer.bytes + BREATH_BYTES;
        await setImmediate();
        signal?.throwIfAborted();
      }
    }
    printer.end();
    return { eventCount: printer.eventCount, undatedCount, undated };
  });
}
