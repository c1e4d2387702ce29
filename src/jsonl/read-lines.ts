import { LineFile, type Line } from './line-file.ts';

export type { Line } from './line-file.ts';

/**
 * Reads a file's lines in batches, plain or gzip, as `LineFile.batches` does. A BOM before the first line is no part of
 * it. Yields nothing for a file that is not there. Throws `FILE_UNREADABLE`.
 */
export async function* readLines(path: string): AsyncGenerator<readonly Line[], void, undefined> {
  const file = await LineFile.open(path);
  if (file === undefined) return;
  try {
    yield* file.batches();
  } finally {
    await file.close();
  }
}
