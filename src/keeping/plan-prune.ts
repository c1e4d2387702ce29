import { realpath } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { isUnchanged } from '../jsonl/file-state.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { decide, keepsNothing, type Known } from './decide.ts';
import { kindOf } from './kind-of.ts';
import { openedBy } from './opened-by.ts';
import { listFolder, type LeftAlone, type ListedFile } from './list-folder.ts';
import { keepSoleEvents } from './keep-sole-events.ts';
import { look } from './look.ts';
import { isEmpty } from './policy.ts';
import type { Kind, Probe } from './probe.ts';
import type { PlanOptions, PlannedFile, PrunePlan } from './prune-options.ts';

/**
 * Looks at all backups of a folder and says which the policy keeps. Changes nothing. Throws `KEEPS_NOTHING`,
 * `FILE_UNREADABLE` (the folder; of a backup it is a reason to keep it), and the signal's reason.
 */
export async function planPrune(folderPath: string, options: PlanOptions): Promise<PrunePlan> {
  if (isEmpty(options.policy)) throw keepsNothing();
  const folder = await realpath(folderPath).catch((cause: unknown) => {
    throw unreadable(folderPath, cause);
  });
  const folderIdentity = (await look(folder))?.identity ?? '';
  const listing = await listFolder(folder);
  const leftAlone: LeftAlone[] = [...listing.leftAlone];
  const known = new Map<Known, ListedFile>();
  for (const [at, listed] of listing.files.entries()) {
    options.signal.throwIfAborted();
    options.onProbe?.(listed.name, at, listing.files.length);
    const file = await knowFile(listed, options);
    if ('reason' in file) leftAlone.push({ name: listed.name, reason: file.reason });
    else known.set(file, listed);
  }
  const decided = decide([...known.keys()], options).map((decision) => {
    return { listed: known.get(decision.file)!, decision };
  });
  const files = options.forgetEvents === true ? decided : await keepSoleEvents(decided, options.signal);
  return { folder, folderIdentity, files: files.toSorted(inOrder), leftAlone };
}

async function knowFile(listed: ListedFile, options: PlanOptions): Promise<Known | { reason: string }> {
  const { name, inUse, sameAs } = listed;
  let kind: Kind | undefined;
  try {
    const found = await kindOf(listed);
    if (typeof found !== 'string') return found;
    kind = found;
    if (inUse !== undefined) return { name, kind, unknown: inUse };
    const owner = await openedBy(kind, listed.path);
    if (owner !== undefined) return { name, kind, unknown: owner };
    if (sameAs !== undefined) return { name, kind, unknown: `another name of ${sameAs}` };
    const probe: Probe | undefined = options.probes.find((one) => one.kind === kind);
    if (probe === undefined)
      return { name, kind, unknown: 'nobody here can look at such backups', isTrouble: true };
    const probed = await probe.probe(listed, options);
    if ('reason' in probed) return probed;
    for (const file of [listed, listed.receipt]) {
      if (file === undefined || isUnchanged(file.state, await look(file.path))) continue;
      return { name, kind, unknown: `${file.name} changed while it was looked at` };
    }
    return { name, kind, ...probed };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof MeshBackupError) || error.code === 'INTERNAL') throw error;
    return { name, kind, unknown: error.message, isTrouble: true };
  }
}

function inOrder(a: PlannedFile, b: PlannedFile): number {
  const [first, second] = [rank(a), rank(b)];
  return first.group < second.group ? -1 : first.group > second.group ? 1 : second.timeMs - first.timeMs;
}

function rank({ decision: { file } }: PlannedFile): { group: string; timeMs: number } {
  if (file.unknown !== undefined) return { group: `${file.kind ?? ''}\uffff`, timeMs: 0 };
  return { group: `${file.kind} ${file.series}`, timeMs: file.time?.timeMs ?? -Number.MAX_VALUE };
}
