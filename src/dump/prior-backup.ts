import { MeshBackupError } from '../errors.ts';
import { eventBytes } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { FileRuns, type LineEvent } from '../merge/file-runs.ts';
import { lineTrouble } from '../merge/line-trouble.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import type { PriorBackup } from './destination.ts';
import { Meter, type Measured } from '../receipt/meter.ts';
import type { PriorSummary } from './summary.ts';

/** What a backup held before the dump. */
export interface PriorContent {
  /** What stands in order in the file; the pool has the rest. */
  readonly runs: readonly Run[];
  /** Copies that are in the runs. */
  readonly events: number;
  /** Lines that may not stand in a backup and went to the quarantine. */
  readonly moved: number;
  /** Lines of a known backup that hold no proven event: they suppress nothing. */
  readonly damaged: number;
  /** Its last line lacks its end: what is appended needs a line feed first. */
  readonly endsTorn: boolean;
  /** Of the file as it lies there, and of its text. */
  readonly measured: Measured;
}

export interface PriorOptions {
  readonly keys: KeyRing;
  readonly pool: RunPool;
  readonly keepMisfits: boolean;
  /** For what a kept backup may not hold. */
  readonly quarantine: RecordSink | undefined;
  readonly fingerprint: boolean;
}

/**
 * Reads a backup into runs, and its greetings into the ring. Of a kept one, what may not stand in a backup goes to the
 * quarantine. Of a known one, all but hostile lines count: known means proven, so copies whose ID fits count by their
 * ID, all others by their very bytes. Throws `FILE_UNREADABLE`, `FILE_DAMAGED` where it is to be appended to and its
 * end cannot be read, and whatever the quarantine and spilling throw.
 */
export async function readPrior(prior: PriorBackup, options: PriorOptions): Promise<PriorContent> {
  const { file, role, isAppendedTo } = prior;
  const { keys, pool, fingerprint } = options;
  const runs = new FileRuns(file, { label: file.path, holder: undefined, role }, pool);
  const meter = new Meter(file.isCompressed, fingerprint);
  const reader = new BackupLineReader();
  const content = { events: 0, moved: 0, damaged: 0, endsTorn: false };
  for await (const lines of file.batches(meter)) {
    const batch: LineEvent[] = [];
    for (const line of lines) {
      content.endsTorn = line.isTorn;
      const read = reader.read(line);
      // Of a line that is too long nothing is here: the file's `damage` speaks of it.
      if (read.kind === 'blank' || (read.kind === 'broken' && read.reason === 'too long')) continue;
      const trouble = lineTrouble(read, role === 'known' || options.keepMisfits);
      if (read.kind === 'event' && trouble === undefined) {
        keys.learn(read.event);
        batch.push({ line, event: read.event });
        content.events++;
      } else if (role === 'known') content.damaged++;
      else {
        content.moved++;
        const bytes = read.kind === 'event' ? eventBytes(read.event) : line.bytes;
        await options.quarantine?.add({ ...trouble!, file: file.path, bytes: bytes.toString('base64') });
      }
    }
    for (const { event } of batch) meter.line(event);
    runs.add(batch);
  }
  if (isAppendedTo && file.damage.length > 0) {
    throw new MeshBackupError(
      'FILE_DAMAGED',
      `${file.path} cannot be appended to: ${file.damage.join('; ')}`,
      {
        hint: `What would be added could not be read. Write it anew, with all that can be read of it: -o ${file.path}`,
      },
    );
  }
  return { ...content, runs: runs.inPlace, measured: meter.measured };
}

/** What the dump's summary says of it; `trouble` is why not all of the file could be read. */
export function summarizePrior(
  { measured, moved, damaged }: PriorContent,
  trouble: readonly string[],
): PriorSummary {
  return { ...measured, moved, damaged, trouble };
}
