import type { EventView } from '../event/event-view.ts';
import { joinLines } from '../event/join-lines.ts';
import { firstFreeName } from '../jsonl/free-name.ts';
import { GzipMembers } from '../jsonl/gzip-members.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { openTarget } from '../jsonl/target.ts';

/**
 * Writes events as a backup, compressed where the name ends with `.gz`, whole or not at all. What is there already stays:
 * then it goes to the first free of `NAME.2`, `NAME.3` … Returns the name. Throws `FILE_UNWRITABLE`, `NO_ROOM`, and what
 * the events throw.
 */
export async function saveLedger(
  path: string,
  batches: AsyncIterable<readonly EventView[]>,
): Promise<string> {
  const target = await openTarget(path);
  const isGzip = path.endsWith('.gz');
  if (target.kind === 'stream') {
    try {
      await writeLines(batches, isGzip, (bytes) => target.write(bytes));
    } finally {
      await target.close();
    }
    return path;
  }
  const free = await firstFreeName(target.path);
  const file = await Replacement.begin(free);
  try {
    await writeLines(batches, isGzip, (bytes) => file.write(bytes));
    await file.commit();
    return free;
  } finally {
    await file.discard();
  }
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
