import { z } from 'zod';
import type { EventView } from '../event/event-view.ts';
import { joinLines } from '../event/join-lines.ts';
import { Spool } from '../merge/spool.ts';
import type { WalkReport } from '../sync/walk-report.ts';

/**
 * What a run writes down while it fetches, so that a killed one's successor finds it: lines of events, and between them
 * notes of ours. A note begins with `#`, which no event does.
 *
 *     #{"format":"mesh-backup work","version":1,"startedMs":1768800000000,"filters":"…"}
 *     #{"peer":0,"part":"ledger"}          the events below are of this peer, until the next such note
 *     #{"peer":0,"complete":{…}}           its walk gave all; written when its events are on the disk
 */
export class WorkLog {
  readonly #spool: Spool;
  #section = '';

  /** `name` must be free in the folder. Throws `TEMPORARY_FILE`, `NO_ROOM`. */
  constructor(folder: string, name: string, head: Omit<LogHead, 'format' | 'version'>) {
    this.#spool = new Spool(folder, name);
    this.#note({ format: FORMAT, version: VERSION, ...head });
  }

  /** Writes what a peer gave; peers are numbered. Throws as `Spool.append` does. */
  write(section: LogSection, events: readonly EventView[]): void {
    if (events.length === 0) return;
    const name = `${section.peer} ${section.part}`;
    if (this.#section !== name) this.#note(section);
    this.#section = name;
    this.#spool.append(joinLines(events));
  }

  /** Notes that a peer gave all. What it gave is on the disk before the note is. Throws as `Spool.sync` does. */
  async complete(peer: number, walk: CompleteWalk): Promise<void> {
    await this.#spool.sync();
    this.#note({ peer, complete: walk });
  }

  close(): void {
    this.#spool.close();
  }

  #note(note: LogHead | LogSection | LogEnd): void {
    this.#spool.append(Buffer.from(`${NOTE}${JSON.stringify(note)}\n`));
  }
}

const NOTE = '#';
const FORMAT = 'mesh-backup work';
const VERSION = 1;

const count = z.int().nonnegative();
const ns = z.string().regex(/^-?\d{1,19}$/);
const TRAFFIC = { requests: count, bytes: count, events: count, repeats: count };

const HEAD = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** When the walks began, unix milliseconds. */
  startedMs: count,
  /** What was fetched; only compared. */
  filters: z.string(),
});
const SECTION = z.strictObject({ peer: count, part: z.enum(['ledger', 'checkpoints']) });
const COMPLETE = z.strictObject({
  publicKey: z.string(),
  claimedName: z.string().optional(),
  ...TRAFFIC,
  firstTsNs: ns.optional(),
  lastTsNs: ns.optional(),
  checkpoints: z.strictObject(TRAFFIC),
});
const END = z.strictObject({ peer: count, complete: COMPLETE });

export type LogHead = z.infer<typeof HEAD>;
export type LogSection = z.infer<typeof SECTION>;
export type LogEnd = z.infer<typeof END>;
/** A walk whose answers verified and that gave all, as the log tells of it. */
export type CompleteWalk = z.infer<typeof COMPLETE>;

/** What a line of a log says: a note, an event (`undefined`), or nothing that we know (`unknown`). */
export function parseNote(line: Buffer): LogHead | LogSection | LogEnd | 'unknown' | undefined {
  if (line[0] !== NOTE.charCodeAt(0)) return undefined;
  try {
    const note: unknown = JSON.parse(line.toString('utf8', 1));
    return z.union([HEAD, SECTION, END]).parse(note);
  } catch {
    return 'unknown';
  }
}

/** `undefined` for a walk that is not complete, or proved nothing. */
export function completeWalk(report: WalkReport): CompleteWalk | undefined {
  const { publicKey, proven, flaws, claimedName, firstTsNs, lastTsNs, checkpoints } = report;
  if (publicKey === undefined || !proven || flaws.length > 0 || checkpoints.trouble !== undefined)
    return undefined;
  const traffic = ({ requests, bytes, events, repeats }: typeof checkpoints | WalkReport) => ({
    requests,
    bytes,
    events,
    repeats,
  });
  return {
    publicKey,
    claimedName,
    ...traffic(report),
    firstTsNs: firstTsNs?.toString(),
    lastTsNs: lastTsNs?.toString(),
    checkpoints: traffic(checkpoints),
  };
}
