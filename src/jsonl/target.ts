import type { Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
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
      const folder = await realpath(dirname(next));
      const place = join(folder, basename(next));
      const fd = await descriptorOf(place);
      if (fd !== undefined) return { kind: 'stream', ...descriptorStream(path, fd) };
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
  return {
    kind: 'stream',
    ...(await (stat.isSocket() ? openSocket(path) : openStream(path, stat.isFIFO()))),
  };
}

/** The system's links to our descriptors lead to copies, or nowhere: they are not followed. */
async function descriptorOf(place: string): Promise<number | undefined> {
  if (place === '/dev/stdout') return 1;
  if (place === '/dev/stderr') return 2;
  const [, folder, fd] = /^(\/.+)\/fd\/(\d+)$/.exec(place) ?? [];
  if (folder === undefined) return undefined;
  const isOwn = folder === '/dev' || folder === (await unlessMissing(realpath('/proc/self')));
  return isOwn ? Number(fd) : undefined;
}
