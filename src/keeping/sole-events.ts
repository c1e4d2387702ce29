import { createHash, hash } from 'node:crypto';
import { eventBytes, type EventView } from '../event/event-view.ts';
import { proveEvent } from '../event/proof.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { KEY_WORDS, KeyTable } from './key-table.ts';

export interface SoleEventsOptions {
  /** Paths of backups of events that stay, those first that hold the most. */
  readonly kept: readonly string[];
  /** Paths of those that are to go, those first that would rather stay. */
  readonly going: readonly string[];
  readonly signal: AbortSignal;
  /** A power of two. Default `MAX_SLOTS`. */
  readonly maxSlots?: number | undefined;
}

/** 160 MiB, for nearly six million events of files that are to go. */
const MAX_SLOTS = 1 << 23;

/**
 * Of each file that is to go, in their order: how many events it holds that neither a file that stays holds nor one of
 * those before it. One with such events should stay; then the numbers hold for those behind it. An event is known by
 * its ID where that fits, else by its bytes, as `diff` has it.
 * Reads files that stay only until all was found. Where memory is short, all are read once more for each part of the keys.
 * Throws `FILE_UNREADABLE`, and the signal's reason.
 */
export async function countSoleEvents(options: SoleEventsOptions): Promise<number[]> {
  for (let parts = 1; ; parts *= 2) {
    const counts = await countInParts(options, parts);
    if (counts !== undefined) return counts;
  }
}

/** `undefined`: one of so many parts does not fit into memory. */
async function countInParts(options: SoleEventsOptions, parts: number): Promise<number[] | undefined> {
  const { kept, going, signal, maxSlots = MAX_SLOTS } = options;
  const counts = going.map(() => 0);
  for (let part = 0; part < parts; part++) {
    const table = new KeyTable(maxSlots);
    let open = 0;
    const isOfPart = (key: Uint32Array): boolean => key[KEY_WORDS - 1]! % parts === part;
    for (const [index, path] of going.entries()) {
      const isWhole = await eachKey(path, signal, (key) => {
        if (!isOfPart(key)) return true;
        const added = table.add(key, index);
        if (added === 'added') {
          open++;
          counts[index]!++;
        }
        return added !== 'full';
      });
      if (!isWhole) return undefined;
    }
    for (const path of kept) {
      if (open === 0) break;
      await eachKey(path, signal, (key) => {
        const holder = isOfPart(key) ? table.take(key) : undefined;
        if (holder === undefined) return true;
        counts[holder]!--;
        return --open > 0;
      });
    }
  }
  return counts;
}

/** Shows the key of each event of a file, until `see` says that it has seen enough. Returns whether it never did. */
async function eachKey(
  path: string,
  signal: AbortSignal,
  see: (key: Uint32Array) => boolean,
): Promise<boolean> {
  const file = await LineFile.open(path, signal);
  if (file === undefined) throw unreadable(path, new Error('it is gone'));
  const reader = new BackupLineReader();
  try {
    for await (const lines of file.batches()) {
      signal.throwIfAborted();
      for (const line of lines) {
        const read = reader.read(line);
        if (read.kind === 'event' && !see(keyOf(read.event))) return false;
      }
    }
    return true;
  } finally {
    await file.close();
  }
}

function keyOf(event: EventView): Uint32Array {
  const isKnownById = proveEvent(event).class === 'id';
  const digest = isKnownById
    ? hash('sha256', `id ${event.tsNs} ${event.id}`, 'buffer')
    : createHash('sha256').update('bytes ').update(eventBytes(event)).digest();
  return Uint32Array.from({ length: KEY_WORDS }, (_, at) => digest.readUInt32LE(at * 4));
}
