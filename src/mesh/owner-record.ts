import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';

const Process = z.object({ pid: z.int().positive(), host: z.string(), started: z.string() });

const OwnerRecord = z.object({
  version: z.literal(1),
  /** Whoever joined by it. */
  owner: Process,
  /** Missing while they are not started. */
  watchdog: Process.optional(),
  tailscaled: Process.optional(),
});

/** Whose the folder of a tailscaled is, and which processes belong to it. */
export type OwnerRecord = z.infer<typeof OwnerRecord>;

const LATER_VERSION = z.object({ version: z.number().gt(1) });

/** Writes it, whole or not at all. Throws `TEMPORARY_FILE`. */
export async function writeOwner(folder: string, record: OwnerRecord): Promise<void> {
  const draft = join(folder, 'owner.json.new');
  try {
    await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    await rename(draft, ownerFile(folder));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MeshBackupError('TEMPORARY_FILE', `Cannot write into ${folder}: ${reason}`, { cause });
  }
}

/** `garbage`: it says nothing, or is missing; `foreign`: it is of a later version. */
export async function readOwner(folder: string): Promise<OwnerRecord | 'garbage' | 'foreign'> {
  const text = await readFile(ownerFile(folder), 'utf8').catch(() => '');
  const json = parseJson(text);
  const record = OwnerRecord.safeParse(json);
  if (record.success) return record.data;
  return LATER_VERSION.safeParse(json).success ? 'foreign' : 'garbage';
}

function ownerFile(folder: string): string {
  return join(folder, 'owner.json');
}
