import { readLine, type EventView } from '../event/event-view.ts';
import type { Line } from '../jsonl/line-file.ts';

/** What a line of a backup holds. `too long`: its bytes are not here. */
export type BackupLine =
  | { readonly kind: 'event'; readonly event: EventView }
  | { readonly kind: 'blank' }
  | { readonly kind: 'broken'; readonly reason: 'no JSON' | 'torn' | 'too long' };

const BLANK: BackupLine = { kind: 'blank' };

/** Reads a line of a backup. A torn one may hold an event all the same: then only its line feed is missing. */
export function readBackupLine({ bytes, isTorn, isOverlong }: Line): BackupLine {
  if (isOverlong) return { kind: 'broken', reason: 'too long' };
  if (bytes.every(isBlank)) return BLANK;
  const event = readLine(bytes);
  if (event !== undefined) return { kind: 'event', event };
  return { kind: 'broken', reason: isTorn ? 'torn' : 'no JSON' };
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
