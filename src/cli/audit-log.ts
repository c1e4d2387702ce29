import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { unwritable } from '../jsonl/storage-failure.ts';
import { writeFully } from '../jsonl/write-fully.ts';

/** Not blocking, or the name of a FIFO would hold us up until somebody reads it. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/**
 * Adds a line of JSON to a log, durably, for us alone where the file is new. Throws `FILE_UNWRITABLE` (also where it is
 * neither a file nor a device), `NO_ROOM`.
 */
export async function appendAuditLine(
  path: string,
  record: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    const log = await open(path, FLAGS, 0o600);
    try {
      const found = await log.stat();
      if (!found.isFile() && !found.isCharacterDevice()) throw new Error('a log is a file');
      await writeFully(log.fd, Buffer.from(`${JSON.stringify(record)}\n`));
      if (found.isFile()) await log.sync();
    } finally {
      await log.close();
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}
