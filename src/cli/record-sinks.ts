import { RecordFile } from '../jsonl/record-file.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';

/** Record files of one command, closed together. */
export class RecordSinks {
  readonly #files: RecordFile[] = [];

  /** Opens it at once: what cannot be written is better known before hours of work. Throws as `RecordFile.open` does. */
  async open(path: string | undefined): Promise<RecordSink | undefined> {
    if (path === undefined) return undefined;
    const file = await RecordFile.open(path);
    this.#files.push(file);
    return file;
  }

  /** Opens it with the first record: no empty file is left where there is none. */
  later(path: string): RecordSink {
    let file: Promise<RecordSink | undefined> | undefined;
    return {
      add: async (record) => (await (file ??= this.open(path)))?.add(record),
      sync: async () => (await file)?.sync(),
    };
  }

  async close(): Promise<void> {
    for (const file of this.#files.splice(0)) await file.close();
  }
}
