import { open } from 'node:fs/promises';
import { unwritable } from '../jsonl/storage-failure.ts';
import { writeFully } from '../jsonl/write-fully.ts';

/**
 * Adds a line of JSON to a log, durably, for us alone where the file is new. Throws `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function appendAuditLine(
  path: string,
  record: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    const log = await open(path, 'a', 0o600);
    try {
      await writeFully(log.fd, Buffer.from(`${JSON.stringify(record)}\n`));
      if ((await log.stat()).isFile()) await log.sync();
    } finally {
      await log.close();
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}
