import { tmpdir } from 'node:os';
import { compileFilter, type EventFilter, type EventTest } from '../event/filter.ts';
import type { PinnedKey } from '../event/key-list.ts';
import { KeyRing } from '../event/keyring.ts';
import { isOriginProven } from '../event/origin.ts';
import { mayStand } from '../event/proof.ts';
import type { Line, LineFile } from '../jsonl/line-file.ts';
import { unlessAborted } from '../mesh/unless-aborted.ts';
import { gatherKeys } from './gather-keys.ts';
import { LineIntake, type IntakeCounts, type TakenEvent } from './line-intake.ts';
import { LineSample } from './line-sample.ts';
import { LineWriter, wholeLine } from './line-writer.ts';
import { seededRandom } from './seeded-random.ts';

export interface SelectOptions {
  /** Each is read to its end or to the limit; whoever opened them closes them. */
  readonly files: readonly LineFile[];
  readonly filter: EventFilter;
  /** As events bear them; none: all. */
  readonly ids: readonly string[];
  /**
   * `none`: whatever holds an event; `id`: its ID fits, or nobody can tell because its service is unknown; `signed`: its
   * origin is proven. `undefined`: as `id`, and misfits and hostile events are not selected by `invert` either.
   */
  readonly proof: 'none' | 'id' | 'signed' | undefined;
  /** For `signed`: of these names no other keys count. */
  readonly pinnedKeys: readonly PinnedKey[];
  /** Select what would not be selected. */
  readonly invert: boolean;
  /** Write no more than the first so many that are selected, and read no further. */
  readonly limit: number;
  /** Write only so many of all that are selected, by chance: the same seed and input give the same. */
  readonly sample: { readonly size: number; readonly seed: string } | undefined;
  /** For private files. Default: the system's. */
  readonly folder?: string;
  readonly signal: AbortSignal;
  /** Gets whole lines, in order, one call at a time; the buffer is good until it resolves. */
  readonly write: (lines: Buffer) => Promise<void>;
  /** So far: lines that hold an event, and bytes as they lie in the files. */
  readonly onRead?: (events: number, bytes: number) => void;
}

/** What was read and written. `input.events` = `selected` + `notSelected` + `leftOut`, as far as was read. */
export interface SelectSummary {
  readonly input: IntakeCounts;
  readonly selected: number;
  readonly notSelected: number;
  /** Misfits and hostile events, where nobody asked for a proof. */
  readonly leftOut: number;
  /** Lines; fewer than `selected` where there is a sample. */
  readonly written: number;
  /** With line ends, before any compression. */
  readonly bytesWritten: number;
  /** The limit was reached: nobody looked at the rest. */
  readonly isCutShort: boolean;
}

/**
 * Writes those lines of backups whose events are wanted, byte for byte, in their order. Throws `FILE_UNREADABLE`,
 * `NO_ROOM` and `TEMPORARY_FILE` (samples, and streams that are read twice), what `write` throws, and the signal's reason.
 */
export async function selectEvents(options: SelectOptions): Promise<SelectSummary> {
  const keys = new KeyRing();
  for (const { name, key, id } of options.pinnedKeys) keys.pin(name, key, id);
  const again: LineFile[] = [];
  const { folder = tmpdir(), sample, signal } = options;
  const reservoir = sample && new LineSample(sample.size, seededRandom(sample.seed), folder);
  const run = async (): Promise<SelectSummary> => {
    try {
      if (options.proof !== 'signed') return await new Selection(options, keys, reservoir).run(options.files);
      for (const file of options.files) again.push(await gatherKeys(file, keys, { folder, signal }));
      return await new Selection(options, keys, reservoir).run(again);
    } finally {
      reservoir?.close();
      await Promise.all(again.map((file) => file.close()));
    }
  };
  return unlessAborted(run(), signal);
}

class Selection {
  readonly #options: SelectOptions;
  readonly #sample: LineSample | undefined;
  readonly #passes: EventTest;
  readonly #ids: ReadonlySet<string>;
  readonly #keys: KeyRing;
  readonly #writer: LineWriter;
  readonly #intake = new LineIntake();
  #bytes = 0;
  readonly #counts = { selected: 0, notSelected: 0, leftOut: 0 };

  constructor(options: SelectOptions, keys: KeyRing, sample: LineSample | undefined) {
    this.#options = options;
    this.#sample = sample;
    this.#passes = compileFilter(options.filter);
    this.#ids = new Set(options.ids);
    this.#keys = keys;
    this.#writer = new LineWriter(options.write);
  }

  async run(files: readonly LineFile[]): Promise<SelectSummary> {
    for (const file of files) {
      if (this.#isFull) break;
      await this.#read(file);
    }
    const sampled = await this.#writeSample();
    return {
      input: this.#intake.counts,
      ...this.#counts,
      written: this.#writer.lines + sampled,
      bytesWritten: this.#writer.bytes,
      isCutShort: this.#isFull,
    };
  }

  get #isFull(): boolean {
    return this.#counts.selected >= this.#options.limit;
  }

  async #read(file: LineFile): Promise<void> {
    const { signal, onRead } = this.#options;
    for await (const lines of file.batches({ raw: (chunk) => (this.#bytes += chunk.length) })) {
      signal.throwIfAborted();
      for (const line of lines) {
        this.#take(line);
        if (this.#isFull) break;
      }
      await this.#writer.flush();
      if (this.#isFull) return;
      onRead?.(this.#intake.counts.events, this.#bytes);
    }
    this.#intake.endFile(file.path, file.damage);
  }

  #take(line: Line): void {
    const taken = this.#intake.take(line);
    if (taken === undefined) return;
    const { proof, invert } = this.#options;
    if (proof === undefined && !mayStand(taken.proof, false)) {
      this.#counts.leftOut++;
    } else if (this.#isWanted(taken) === invert) {
      this.#counts.notSelected++;
    } else {
      this.#counts.selected++;
      if (this.#sample === undefined) this.#writer.add(line);
      else this.#sample.offer(() => wholeLine(line));
    }
  }

  /** The signature last: it costs most. */
  #isWanted({ event, proof }: TakenEvent): boolean {
    if (this.#ids.size > 0 && !this.#ids.has(event.id)) return false;
    if (!this.#passes(event)) return false;
    if (this.#options.proof === 'none' || this.#options.proof === undefined) return true;
    if (!mayStand(proof, false)) return false;
    return this.#options.proof === 'id' || isOriginProven(event, this.#keys);
  }

  async #writeSample(): Promise<number> {
    let written = 0;
    for (const { lines, bytes } of this.#sample?.batches() ?? []) {
      await this.#writer.writeWhole(bytes);
      written += lines;
    }
    return written;
  }
}
