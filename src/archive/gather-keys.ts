import { tmpdir } from 'node:os';
import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import { LineFile, type Line } from '../jsonl/line-file.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { Spool } from '../merge/spool.ts';
import { SpooledInput } from './spooled-input.ts';

export interface GatherKeysOptions {
  /** For the private file. Default: the system's. */
  readonly folder?: string;
  readonly signal: AbortSignal | undefined;
  readonly onRead?: (lines: number, bytes: number) => void;
}

/**
 * Teaches the ring the keys that a file's greetings bring, and gives the file to be read once more: what is no file on
 * a disk goes into a private one. Whoever calls this closes both. Throws `FILE_UNREADABLE`, `NO_ROOM`,
 * `TEMPORARY_FILE`, and the signal's reason.
 */
export async function gatherKeys(
  file: LineFile,
  ring: KeyRing,
  { folder = tmpdir(), signal, onRead }: GatherKeysOptions,
): Promise<LineFile> {
  const spool = file.isRegular ? undefined : new Spool(folder);
  try {
    const reader = new BackupLineReader();
    const hints = new GreetingHints();
    let lines = 0;
    let bytes = 0;
    const raw = (piece: Buffer): void => {
      bytes += piece.length;
      spool?.append(piece);
    };
    for await (const batch of file.batches({ raw })) {
      signal?.throwIfAborted();
      for (const line of batch) if (hints.mayGreet(line)) learnFrom(line, reader, ring);
      lines += batch.length;
      onRead?.(lines, bytes);
    }
    if (spool === undefined) return file.again();
    return LineFile.ofInput(new SpooledInput(file.path, spool, bytes));
  } catch (error) {
    spool?.close();
    throw error;
  }
}

/** Only what may stand in a backup teaches anything. */
function learnFrom(line: Line, reader: BackupLineReader, ring: KeyRing): void {
  const read = reader.read(line);
  if (read.kind === 'event' && proveEvent(read.event).class === 'id') ring.learn(read.event);
}

/** Greetings name their service, as it is or with letters escaped. */
const HINTS = ['hey-there', 'chau', '\\u00'].map((text) => Buffer.from(text));

/** Tells lines that may hold a greeting: most hold none, and need not be scanned for that. */
class GreetingHints {
  #source: Buffer | undefined;
  /** Where each hint is met next, in the source. */
  readonly #next = HINTS.map(() => -1);

  /** Lines of one source come in order. */
  mayGreet({ source, start, end }: Line): boolean {
    if (this.#source !== source) {
      this.#source = source;
      this.#next.fill(-1);
    }
    let isHinted = false;
    for (const [at, hint] of HINTS.entries()) {
      if (this.#next[at]! < start) {
        const found = source.indexOf(hint, start);
        this.#next[at] = found === -1 ? source.length : found;
      }
      isHinted ||= this.#next[at]! < end;
    }
    return isHinted;
  }
}
