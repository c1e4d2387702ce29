import { eventBytes } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import type { Line, LineFile } from '../jsonl/line-file.ts';
import { BackupLineReader, type BackupLine } from '../merge/backup-line.ts';
import { FileRuns, type LineEvent } from '../merge/file-runs.ts';
import { lineTrouble, type LineTrouble } from '../merge/line-trouble.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import type { CompactOptions } from './compact-options.ts';
import type { CompactCounts, CompactInput } from './compact-summary.ts';
import { utf16Flaw } from './text-flaw.ts';

export interface CompactReaderOptions extends Pick<
  CompactOptions,
  'keepMisfits' | 'quarantine' | 'signal' | 'observer'
> {
  readonly keys: KeyRing;
  readonly pool: RunPool;
  readonly counts: CompactCounts;
}

/** An input that was read: its runs are good as long as it is open. */
export interface ReadInput extends CompactInput {
  readonly runs: readonly Run[];
}

/** A line that may not stand in a backup. */
interface Rejected {
  readonly trouble: LineTrouble;
  readonly bytes: Buffer;
}

/** Reads inputs of a compaction into runs, and their greetings into the ring. */
export class CompactReader {
  readonly #options: CompactReaderOptions;
  readonly #lines = new BackupLineReader();
  #bytesBefore = 0;

  constructor(options: CompactReaderOptions) {
    this.#options = options;
  }

  /** Throws `FILE_UNREADABLE`, the signal's reason, and whatever the quarantine and spilling throw. */
  async read(file: LineFile): Promise<ReadInput> {
    const { pool, signal, observer, counts } = this.#options;
    const runs = new FileRuns(file, { label: file.path, holder: undefined, role: 'source' }, pool);
    const damage: string[] = [];
    const before = { ...counts };
    let bytes = 0;
    const raw = (chunk: Buffer): void => void (bytes += chunk.length);
    for await (const lines of file.batches({ raw })) {
      signal.throwIfAborted();
      const batch: LineEvent[] = [];
      for (const line of lines) {
        const flaw = line.number === 1 ? utf16Flaw(line) : undefined;
        if (flaw !== undefined) damage.push(flaw);
        const rejected = this.#readLine(line, batch);
        if (rejected === undefined) continue;
        counts.quarantined++;
        if (line.isTorn) damage.push('its last line is torn');
        await this.#quarantine(file, rejected);
      }
      runs.add(batch);
      observer?.read?.(counts.read, this.#bytesBefore + bytes);
    }
    this.#bytesBefore += bytes;
    return {
      file: file.path,
      isCompressed: file.isCompressed,
      bytes,
      lines: counts.read - before.read,
      quarantined: counts.quarantined - before.quarantined,
      damage: [...damage, ...file.damage],
      runs: runs.inPlace,
    };
  }

  /** Puts the line's event into the batch, or returns why it may not be there. */
  #readLine(line: Line, batch: LineEvent[]): Rejected | undefined {
    const { keys, counts, keepMisfits } = this.#options;
    const read = this.#lines.read(line);
    if (read.kind === 'blank') counts.blank++;
    // Of a line that is too long nothing is here: the file's `damage` speaks of it.
    if (read.kind === 'blank' || (read.kind === 'broken' && read.reason === 'too long')) return undefined;
    counts.read++;
    count(read, counts);
    const trouble = lineTrouble(read, keepMisfits);
    if (read.kind === 'event' && trouble === undefined) {
      const { event } = read;
      keys.learn(event);
      batch.push({ line, event });
      return undefined;
    }
    return { trouble: trouble!, bytes: read.kind === 'event' ? eventBytes(read.event) : line.bytes };
  }

  async #quarantine({ path }: LineFile, { trouble, bytes }: Rejected): Promise<void> {
    await this.#options.quarantine?.add({ ...trouble, file: path, bytes: bytes.toString('base64') });
  }
}

function count(read: Exclude<BackupLine, { kind: 'blank' }>, counts: CompactCounts): void {
  if (read.kind === 'broken') counts.broken++;
  else {
    const proof = proveEvent(read.event).class;
    if (proof === 'misfit') counts.misfit++;
    else if (proof === 'hostile') counts.hostile++;
    else if (proof === 'unknown-service') counts.unknownService++;
  }
}
