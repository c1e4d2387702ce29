import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { identityOf } from '../jsonl/file-identity.ts';
import { keepAside } from '../jsonl/keep-aside.ts';

const MARK = z.strictObject({ version: z.literal(1), inode: z.string() });

/**
 * What a backup held before it was begun afresh: `FILE.old`, until a run ends well. A mark in the work folder says which
 * file that is, so that no other one of that name is ever taken for it and removed.
 */
export class OldContent {
  /** Whether the backup's content is to go aside, and is no part of what is written. */
  readonly goesAside: boolean;
  readonly #path: string;
  readonly #oldPath: string;
  readonly #markPath: string;

  private constructor(path: string, markPath: string, goesAside: boolean) {
    this.#path = path;
    this.#oldPath = `${path}.old`;
    this.#markPath = markPath;
    this.goesAside = goesAside;
  }

  /**
   * `isFresh`: the content is to go aside. It does not where it went already and the run that sent it has not ended
   * well: then the file holds what was gathered since. Throws `FILE_UNWRITABLE` where the name is taken by another file.
   */
  static async open(path: string, workFolder: string, isFresh: boolean): Promise<OldContent> {
    const markPath = join(workFolder, 'old.json');
    const [current, old, marked] = await Promise.all([
      identityOf(path),
      identityOf(`${path}.old`),
      readMark(markPath),
    ]);
    if (isFresh && old !== undefined && old !== marked) {
      throw new MeshBackupError('FILE_UNWRITABLE', `${path}.old is there, and not of our making.`, {
        hint: 'The old content goes there with --fresh. Move that file away.',
      });
    }
    const isGone = old !== undefined && old !== current;
    return new OldContent(path, markPath, isFresh && current !== undefined && !isGone);
  }

  /** Keeps the content under its other name; to be called just before it is replaced. Throws `FILE_UNWRITABLE`. */
  async keep(): Promise<void> {
    if (!this.goesAside) return;
    await this.#mark();
    await keepAside(this.#path, this.#oldPath);
    await this.#mark(); // a copy is a file of its own
  }

  /** Removes the old content: a run ended well. */
  async drop(): Promise<void> {
    const marked = await readMark(this.#markPath);
    if (marked === undefined) return;
    if ((await identityOf(this.#oldPath)) === marked) await rm(this.#oldPath, { force: true });
    await rm(this.#markPath, { force: true });
  }

  async #mark(): Promise<void> {
    const inode = (await identityOf(this.#oldPath)) ?? (await identityOf(this.#path));
    await writeFile(this.#markPath, JSON.stringify({ version: 1, inode }), { mode: 0o600, flush: true });
  }
}

async function readMark(path: string): Promise<string | undefined> {
  try {
    return MARK.parse(JSON.parse(await readFile(path, 'utf8'))).inode;
  } catch {
    return undefined;
  }
}
