import type { EventView } from '../event/event-view.ts';
import { joinLines } from '../event/join-lines.ts';
import { GzipMembers } from '../jsonl/gzip-members.ts';
import { writeWhole } from '../jsonl/write-whole.ts';

/**
 * Writes events as a backup, compressed where the name ends with `.gz`, whole or not at all. What is there already stays:
 * then it goes to the first free of `NAME.2`, `NAME.3` … Returns the name. Throws `FILE_UNWRITABLE`, `NO_ROOM`, and what
 * the events throw.
 */
export async function saveLedger(
  path: string,
  batches: AsyncIterable<readonly EventView[]>,
): Promise<string> {
  const isGzip = path.endsWith('.gz');
  return writeWhole(path, (write) => writeLines(batches, isGzip, write), { over: 'keep' });
}

async function writeLines(
  batches: AsyncIterable<readonly EventView[]>,
  isGzip: boolean,
  write: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const gzip = isGzip ? new GzipMembers(write) : undefined;
  for await (const events of batches) {
    const lines = joinLines(events);
    await (gzip === undefined ? write(lines) : gzip.write(lines));
  }
  await gzip?.end();
}
