import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const FLAGS =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** `undefined`: an empty file. Throws what the system throws. */
export async function readFirstByte(path: string): Promise<number | undefined> {
  const file = await open(path, FLAGS);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
    return bytesRead === 0 ? undefined : buffer[0];
  } finally {
    await file.close();
  }
}
