import { MeshBackupError } from '../errors.ts';
import type { HostileReason } from '../event/hostile-reason.ts';
import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import type { Line, LineFile } from '../jsonl/line-file.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { FileRuns, type LineEvent } from '../merge/file-runs.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';

/** A line that holds no event. */
export interface BrokenLine {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly reason: string;
}

export interface InputOptions {
  readonly keys: KeyRing;
  readonly pool: RunPool;
  /** Broken lines and damaged files are an end, not a number. */
  readonly strict: boolean;
  readonly includeMisfits: boolean;
  readonly onBroken: (line: BrokenLine) => void;
  readonly onRead: (events: number, bytes: number) => void;
}

/** What the files held. The runs are good as long as the files are open. */
export interface InputContent {
  readonly runs: readonly Run[];
  /** Lines that hold an event. */
  readonly events: number;
  readonly blankLines: number;
  readonly brokenLines: number;
  /** Of `events`; readers disagree about them, or a server would die of them, so they are in no run. */
  readonly hostile: ReadonlyMap<HostileReason, number>;
  /** Of `events`; they are in the runs instead where they are wanted. */
  readonly misfits: number;
  /** The IDs that misfits claim, where those are wanted. */
  readonly claimedIds: ReadonlySet<string>;
  /** Why files could not be read whole. */
  readonly damage: readonly string[];
}

/** Reads backups into runs, and their greetings into the ring. Throws `FILE_UNREADABLE`, `FILE_DAMAGED` (`strict`). */
export async function readInput(files: readonly LineFile[], options: InputOptions): Promise<InputContent> {
  const reader = new InputReader(options);
  const runs: Run[] = [];
  for (const file of files) runs.push(...(await reader.read(file)));
  return { ...reader.content, runs };
}

class InputReader {
  readonly #options: InputOptions;
  readonly #lines = new BackupLineReader();
  readonly content = {
    events: 0,
    blankLines: 0,
    brokenLines: 0,
    hostile: new Map<HostileReason, number>(),
    misfits: 0,
    claimedIds: new Set<string>(),
    damage: [] as string[],
  };

  constructor(options: InputOptions) {
    this.#options = options;
  }

  async read(file: LineFile): Promise<readonly Run[]> {
    const { pool, strict, onRead } = this.#options;
    const origin = { label: file.path, holder: undefined, role: 'source' as const };
    const runs = new FileRuns(file, origin, pool);
    let bytes = 0;
    const observe = { raw: (chunk: Buffer): void => void (bytes += chunk.length) };
    for await (const lines of file.batches(observe)) {
      runs.add(lines.flatMap((line) => this.#readLine(file, line)));
      onRead(this.content.events, bytes);
    }
    const [damage] = file.damage;
    if (strict && damage !== undefined) throw damaged(`${file.path}: ${damage}`);
    for (const reason of file.damage) this.content.damage.push(`${file.path}: ${reason}`);
    return runs.inPlace;
  }

  /** The line's event, if it may go on. */
  #readLine(file: LineFile, line: Line): LineEvent[] {
    const { keys, includeMisfits, strict, onBroken } = this.#options;
    const { content } = this;
    const read = this.#lines.read(line);
    if (read.kind === 'blank') {
      content.blankLines++;
      return [];
    }
    if (read.kind === 'broken') {
      if (strict) throw damaged(`${file.path}, line ${line.number}: ${read.reason}`);
      content.brokenLines++;
      onBroken({ file: file.path, number: line.number, reason: read.reason });
      return [];
    }
    content.events++;
    const { event } = read;
    const proof = proveEvent(event);
    if (proof.class === 'hostile') {
      content.hostile.set(proof.reason, (content.hostile.get(proof.reason) ?? 0) + 1);
      return [];
    }
    if (proof.class === 'misfit') {
      if (!includeMisfits) {
        content.misfits++;
        return [];
      }
      content.claimedIds.add(event.id);
    } else keys.learn(event);
    return [{ line, event }];
  }
}

function damaged(message: string): MeshBackupError {
  return new MeshBackupError('FILE_DAMAGED', message, {
    hint: 'Without --strict what can be read is restored, and the rest is counted.',
  });
}
