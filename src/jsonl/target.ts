import type { Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { descriptorStream, openStream, openSocket, type OutputStream } from './output-stream.ts';
import { unlessMissing, unwritable } from './storage-failure.ts';

/** Where output goes: a file that can be replaced, or what can only be written straight through. */
export type Target =
  /** Links resolved, absolute; it need not be there, its folder is. */
  { readonly kind: 'file'; readonly path: string } | ({ readonly kind: 'stream' } & OutputStream);

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Finds out what a path names, through links, also through one whose end is not there yet. `/dev/stdout`, `/dev/fd/N`
 * and the like are the very descriptor. Waits for the reader of a FIFO. Throws `FILE_UNWRITABLE`.
 */
export async function openTarget(path: string): Promise<Target> {
  try {
    if (/[/\\]$/.test(path)) throw new Error('it is the name of a folder');
    // Not normalized: behind a link, `..` is not what it looks like.
    let next = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
    for (let links = 0; links <= MAX_LINKS; links++) {
      // Before its folder's links are resolved, and after: /dev/fd is such a link.
      const given = descriptorOf(resolve(next));
      if (given !== undefined) return { kind: 'stream', ...descriptorStream(path, given) };
      const folder = await realpath(dirname(next));
      const place = join(folder, basename(next));
      const found = descriptorOf(place);
      if (found !== undefined) return { kind: 'stream', ...descriptorStream(path, found) };
      const stat = await unlessMissing(lstat(place));
      if (!stat?.isSymbolicLink()) return await openPlace(place, stat);
      const link = await readlink(place);
      next = isAbsolute(link) ? link : `${folder}/${link}`;
    }
    throw new Error('too many links');
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function openPlace(path: string, stat: Stats | undefined): Promise<Target> {
  if (stat === undefined || stat.isFile()) return { kind: 'file', path };
  if (stat.isDirectory()) throw new Error('it is a folder');
  return {
    kind: 'stream',
    ...(await (stat.isSocket() ? openSocket(path) : openStream(path, stat.isFIFO()))),
  };
}

function descriptorOf(path: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  if (path === '/dev/stdout') return 1;
  if (path === '/dev/stderr') return 2;
  const match = /^\/(?:dev|proc\/(?:self|thread-self|(\d+)))\/fd\/(\d+)$/.exec(path);
  if (match === null) return undefined;
  const isOwn = match[1] === undefined || Number(match[1]) === process.pid;
  return isOwn ? Number(match[2]) : undefined;
}
