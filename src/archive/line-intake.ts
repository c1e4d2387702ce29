import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import type { HostileReason } from '../event/hostile-reason.ts';
import { proveEvent, type Proof } from '../event/proof.ts';
import type { Line } from '../jsonl/line-file.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { utf16Flaw } from './text-flaw.ts';

/** What lines of backups held. Each line is in one of the counts. */
export interface IntakeCounts {
  /** Lines that hold an event, misfits and hostile ones among them. */
  readonly events: number;
  readonly blank: number;
  readonly broken: Readonly<Record<BrokenReason, number>>;
  /** Of `events`. */
  readonly misfits: number;
  /** Of `events`. */
  readonly hostile: ReadonlyMap<HostileReason, number>;
  /** Files without a line. */
  readonly empty: readonly string[];
  /** Why files could not be read whole. */
  readonly damage: readonly string[];
}

export type BrokenReason = 'no JSON' | 'torn' | 'too long';

/** An event, and what its bytes prove. */
export interface TakenEvent {
  readonly event: EventView;
  readonly proof: Proof;
}

/** Reads lines into events and counts what they are. */
export class LineIntake {
  readonly counts = {
    events: 0,
    blank: 0,
    broken: { 'no JSON': 0, torn: 0, 'too long': 0 },
    misfits: 0,
    hostile: new Map<HostileReason, number>(),
    empty: [] as string[],
    damage: [] as string[],
  } satisfies IntakeCounts;
  readonly #reader = new BackupLineReader();
  #lines = 0;
  #flaw: string | undefined;

  /** The line's event, if it holds one. */
  take(line: Line): TakenEvent | undefined {
    const { counts } = this;
    this.#lines++;
    if (line.number === 1) this.#flaw = utf16Flaw(line);
    const read = this.#reader.read(line);
    if (read.kind === 'blank') {
      counts.blank++;
      return undefined;
    }
    if (read.kind === 'broken') {
      counts.broken[read.reason]++;
      return undefined;
    }
    counts.events++;
    const proof = proveEvent(read.event);
    if (proof.class === 'misfit') counts.misfits++;
    else if (proof.class === 'hostile')
      counts.hostile.set(proof.reason, (counts.hostile.get(proof.reason) ?? 0) + 1);
    return { event: read.event, proof };
  }

  /** To be called when all lines of a file were taken, or as many as could be read. */
  endFile(path: string, damage: readonly string[]): void {
    if (this.#lines === 0 && damage.length === 0) this.counts.empty.push(path);
    if (this.#flaw !== undefined) this.counts.damage.push(`${path}: ${this.#flaw}`);
    for (const reason of damage) this.counts.damage.push(`${path}: ${reason}`);
    this.#lines = 0;
    this.#flaw = undefined;
  }
}

/** Lines that are neither blank nor an event. */
export function countBroken({ broken }: IntakeCounts): number {
  return broken['no JSON'] + broken.torn + broken['too long'];
}

/** What reading amounts to: `undefined` where all could be read and an event was among it, or nothing at all. */
export function judgeIntake(counts: IntakeCounts): MeshBackupError | undefined {
  const { events, damage } = counts;
  if (damage.length > 0) {
    return new MeshBackupError('NOT_READ_WHOLE', `Not all could be read: ${damage.join('; ')}`, {
      hint: 'What could be read counts. Is there another copy of it?',
    });
  }
  if (events > 0 || countBroken(counts) === 0) return undefined;
  return new MeshBackupError('NO_EVENTS', 'No line of it holds an event: this is no backup.', {
    hint: 'Backups are JSONL, one event a line, plain or gzip. Other compression and encryption come off first.',
  });
}
