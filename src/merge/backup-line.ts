import { readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import type { Line } from '../jsonl/line-file.ts';

/** What a line of a backup holds. `too long`: its bytes are not here. */
export type BackupLine =
  | { readonly kind: 'event'; readonly event: EventView }
  | { readonly kind: 'blank' }
  | { readonly kind: 'broken'; readonly reason: 'no JSON' | 'torn' | 'too long' };

const BLANK: BackupLine = { kind: 'blank' };

/** Reads lines of backups. Those that lie in one piece share a scanner: one for each keeps the garbage collector busy. */
export class BackupLineReader {
  #scanner = new EventScanner(Buffer.alloc(0));

  /** A torn line may hold an event all the same: then only its line feed is missing. */
  read(line: Line): BackupLine {
    if (line.isOverlong) return { kind: 'broken', reason: 'too long' };
    if (isBlank(line)) return BLANK;
    if (this.#scanner.bytes !== line.source) this.#scanner = new EventScanner(line.source);
    if (this.#scanner.scanLine(line.start, line.end))
      return { kind: 'event', event: readEvent(this.#scanner) };
    return { kind: 'broken', reason: line.isTorn ? 'torn' : 'no JSON' };
  }
}

function isBlank({ source, start, end }: Line): boolean {
  for (let at = start; at < end; at++) {
    const byte = source[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
