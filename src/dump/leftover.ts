import { readLine, type EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import { FileRuns, type LineEvent } from '../merge/file-runs.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import { parseNote, type CompleteWalk, type LogHead, type LogSection } from './work-log.ts';

/** A walk that an earlier run brought to its end. */
export interface LeftWalk extends CompleteWalk {
  readonly startedMs: number;
  readonly filters: string;
}

/** What one log of a run that was cut short holds. */
export interface Leftover {
  /** What stands in order in the log; the pool has the rest. */
  readonly runs: readonly Run[];
  readonly walks: readonly LeftWalk[];
  readonly events: number;
  /** Lines that hold no event that may stand in a backup; the last one, which may be torn, does not count. */
  readonly damaged: number;
  /** Not a log of this version: nothing was read. */
  readonly isForeign: boolean;
}

/** What reading needs beside the file. */
export interface LeftoverOptions {
  readonly keys: KeyRing;
  readonly pool: RunPool;
  /** Whether an event may stand in the backup. */
  readonly isWelcome: (event: EventView) => boolean;
}

/** Reads a log into runs: one or more for each part of what each peer gave. Throws as reading and spilling do. */
export async function readLeftover(file: LineFile, options: LeftoverOptions): Promise<Leftover> {
  const reader = new LogReader(file, options);
  for await (const lines of file.batches()) {
    reader.add(lines);
    if (reader.isForeign) break;
  }
  return reader.finish();
}

class LogReader {
  readonly #file: LineFile;
  readonly #options: LeftoverOptions;
  readonly #parts = new Map<string, FileRuns>();
  /** By the peer's number: the keys of walks that were complete, once their note was read. */
  readonly #holders = new Map<number, string>();
  readonly #walks: LeftWalk[] = [];
  #head: LogHead | undefined;
  #section: LogSection | undefined;
  #batch: LineEvent[] = [];
  #events = 0;
  #damaged = 0;
  isForeign = false;

  constructor(file: LineFile, options: LeftoverOptions) {
    this.#file = file;
    this.#options = options;
  }

  add(lines: readonly LineEvent['line'][]): void {
    for (const line of lines) {
      const note = parseNote(line.bytes);
      if (this.#head === undefined) {
        if (line.isTorn) return; // it was cut short before it began
        if (typeof note !== 'object' || !('format' in note)) {
          this.isForeign = true;
          return;
        }
        this.#head = note;
      } else if (note === undefined) this.#addEvent(line);
      else if (note === 'unknown') this.#damaged += line.isTorn ? 0 : 1;
      else if ('part' in note) this.#begin(note);
      else if ('complete' in note) this.#complete(note.peer, note.complete);
    }
    this.#flush();
  }

  finish(): Leftover {
    return {
      runs: [...this.#parts.values()].flatMap((part) => part.inPlace),
      walks: this.#walks,
      events: this.#events,
      damaged: this.#damaged,
      isForeign: this.isForeign,
    };
  }

  #begin(section: LogSection): void {
    this.#flush();
    this.#section = section;
  }

  #complete(peer: number, walk: CompleteWalk): void {
    const { startedMs, filters } = this.#head!;
    this.#holders.set(peer, walk.publicKey);
    this.#walks.push({ ...walk, startedMs, filters });
  }

  #addEvent(line: LineEvent['line']): void {
    const event = readLine(line.bytes);
    if (event === undefined || this.#section === undefined || !this.#options.isWelcome(event)) {
      if (!line.isTorn) this.#damaged++;
      return;
    }
    this.#events++;
    this.#options.keys.learn(event);
    this.#batch.push({ line, event });
  }

  #flush(): void {
    if (this.#section === undefined || this.#batch.length === 0) return;
    this.#partOf(this.#section).add(this.#batch);
    this.#batch = [];
  }

  #partOf({ peer, part }: LogSection): FileRuns {
    const name = `${peer} ${part}`;
    let runs = this.#parts.get(name);
    if (runs === undefined) {
      const holders = this.#holders;
      const origin = {
        label: 'an earlier run',
        role: 'source',
        // Nobody signs the answers that checkpoints come in.
        get holder() {
          return part === 'ledger' ? holders.get(peer) : undefined;
        },
      } as const;
      this.#parts.set(name, (runs = new FileRuns(this.#file, origin, this.#options.pool)));
    }
    return runs;
  }
}
