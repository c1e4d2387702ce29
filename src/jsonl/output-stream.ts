import { constants, fstatSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf, unwritable } from './storage-failure.ts';
import { writeFully } from './write-fully.ts';

/** What can be written from here on, and nothing else. One call at a time. */
export interface OutputStream {
  /** Resolves when the system has the bytes. Throws `READER_GONE`, `NO_ROOM`, `FILE_UNWRITABLE`. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

const READER_POLL_MS = 20;

/** A descriptor that somebody gave us: it stays open. Throws `FILE_UNWRITABLE` if it is not. */
export function descriptorStream(path: string, fd: number): OutputStream {
  try {
    if (fstatSync(fd).isDirectory()) throw new Error('it is a folder');
  } catch (cause) {
    throw unwritable(path, cause);
  }
  return { write: (bytes) => attempt(path, writeFully(fd, bytes)), close: () => Promise.resolve() };
}

/** Opens a device, or a FIFO as soon as it has a reader. Throws `FILE_UNWRITABLE`. */
export async function openStream(path: string, isFifo: boolean): Promise<OutputStream> {
  const file = await openUnblocked(path, isFifo);
  return { write: (bytes) => attempt(path, writeFully(file.fd, bytes)), close: () => file.close() };
}

/** Connects to a Unix socket. Throws `FILE_UNWRITABLE`. */
export async function openSocket(path: string): Promise<OutputStream> {
  const socket = createConnection(path);
  await attempt(path, whenConnected(socket));
  socket.on('error', () => undefined); // told to the next write
  socket.resume(); // what the other side says is not for us
  return {
    write: (bytes) =>
      attempt(
        path,
        settled((done) => socket.write(bytes, done)),
      ),
    close: async () => {
      if (!socket.destroyed)
        await attempt(
          path,
          settled((done) => socket.end(done)),
        );
      socket.destroy();
    },
  };
}

/** A blocking `open` of a FIFO would wait in a thread that even `process.exit` waits for; so would a write. */
async function openUnblocked(path: string, isFifo: boolean): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (cause) {
      if (!isFifo || codeOf(cause) !== 'ENXIO') throw unwritable(path, cause);
      await wait(READER_POLL_MS);
    }
  }
}

function whenConnected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function attempt(path: string, operation: Promise<void>): Promise<void> {
  try {
    await operation;
  } catch (cause) {
    throw unwritable(path, cause);
  }
}
