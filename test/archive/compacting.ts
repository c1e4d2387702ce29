import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compact } from '../../src/archive/compact.ts';
import type { CompactOptions } from '../../src/archive/compact-options.ts';
import type { CompactSummary } from '../../src/archive/compact-summary.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import type { FlatRecord } from '../../src/jsonl/record-file.ts';

export const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
let files = 0;

/** Writes a file of a name of its own. */
export async function newFile(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `input-${files++}`);
  await writeFile(path, content);
  return path;
}

export async function openAll(paths: readonly string[]): Promise<LineFile[]> {
  return Promise.all(paths.map(async (path) => (await LineFile.open(path))!));
}

/** Collects records. */
export class Records {
  readonly all: FlatRecord[] = [];
  /** The bytes that they hold, sorted. */
  get texts(): string[] {
    return this.all.map(({ bytes }) => Buffer.from(bytes as string, 'base64').toString()).sort();
  }

  add(record: FlatRecord): Promise<void> {
    this.all.push(record);
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }
}

export interface Compacted {
  readonly bytes: Buffer;
  readonly summary: CompactSummary;
  readonly quarantine: Records;
  readonly variants: Records;
}

/** Compacts files into memory. */
export async function compactFiles(
  paths: readonly string[],
  { gzip = false, ...options }: Partial<CompactOptions> & { readonly gzip?: boolean } = {},
): Promise<Compacted> {
  const inputs = await openAll(paths);
  const [quarantine, variants] = [new Records(), new Records()];
  const written: Buffer[] = [];
  const write = (bytes: Buffer): Promise<void> => {
    written.push(Buffer.from(bytes));
    return Promise.resolve();
  };
  try {
    const summary = await compact({
      inputs,
      destination: { gzip, write },
      pinnedKeys: [],
      keepMisfits: false,
      quarantine,
      variants,
      signal: new AbortController().signal,
      ...options,
    });
    return { bytes: Buffer.concat(written), summary, quarantine, variants };
  } finally {
    await Promise.all(inputs.map((input) => input.close()));
  }
}
