import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { readWhole } from '../jsonl/read-whole.ts';
import { unreadable, unwritable } from '../jsonl/storage-failure.ts';
import { writeWhole } from '../jsonl/write-whole.ts';
import { MAX_ANSWER_BYTES, type AuthorityAnswer } from './authority-check.ts';

/** What does not change by itself: the others are looked at anew in any case. */
const LASTING = ['connectome', 'nodes', 'crl', 'policy'];

/** The name that an answer is saved under. */
export function answerFile({ name, isJson }: AuthorityAnswer): string {
  return `${name}.${isJson ? 'json' : 'txt'}`;
}

/** Saves what was answered, each whole, in the place of what was answered earlier. Throws `FILE_UNWRITABLE`, `NO_ROOM`. */
export async function saveAnswers(folder: string, answers: readonly AuthorityAnswer[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { name, isJson, status } of answers) {
      if (status !== undefined) await rm(join(folder, `${name}.${isJson ? 'txt' : 'json'}`), { force: true });
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  for (const answer of answers) {
    if (answer.status === undefined) continue;
    await writeWhole(join(folder, answerFile(answer)), answer.body, { over: 'replace' });
  }
}

/** What was saved and lasts, by the names of the answers. Throws `FILE_UNREADABLE`, also where there is none, and the signal's reason. */
export async function readSavedAnswers(
  folder: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const saved = new Map<string, Buffer>();
  for (const name of LASTING.filter((one) => names.includes(`${one}.json`))) {
    const path = join(folder, `${name}.json`);
    saved.set(name, await readWhole(path, undefined, { maxBytes: MAX_ANSWER_BYTES, signal }));
  }
  if (saved.size > 0) return saved;
  throw new MeshBackupError(
    'FILE_UNREADABLE',
    `${folder} has nothing to expect: managed check --save makes it.`,
  );
}
