import { plural } from '../archive/plural.ts';
import type { Decision } from './decide.ts';
import type { PlannedFile } from './prune-options.ts';
import { countSoleEvents } from './sole-events.ts';

/**
 * Meshes forget: what an older backup of events holds, a newer one need not hold. Those that are to go stay where they
 * hold events that no other has which stays, the newest first, so that as few as can be do. Throws as `countSoleEvents`.
 */
export async function keepSoleEvents(
  files: readonly PlannedFile[],
  signal: AbortSignal,
): Promise<readonly PlannedFile[]> {
  const events = files.filter(({ decision }) => decision.file.kind === 'events');
  const going = events.filter(({ decision }) => decision.action === 'remove').sort(bestFirst);
  if (going.length === 0) return files;
  // What does not verify vouches for nothing, even where it stays.
  const kept = events.filter(({ decision: { action, standing } }) => {
    return action === 'keep' && (standing === 'counts' || standing === 'apart');
  });
  const pathsOf = (some: readonly PlannedFile[]): string[] => some.map(({ listed }) => listed.path);
  const counts = await countSoleEvents({
    kept: pathsOf(kept.sort(bestFirst)),
    going: pathsOf(going),
    signal,
  });
  const staying = new Map(going.map((file, at) => [file, counts[at]!] as const));
  return files.map((file) => {
    const count = staying.get(file) ?? 0;
    return count === 0 ? file : { ...file, decision: stay(file.decision, count) };
  });
}

function stay(decision: Decision, soleEvents: number): Decision {
  const what = plural(soleEvents, 'event', 'events');
  return {
    ...decision,
    action: 'keep',
    reasons: [...decision.reasons, `holds ${soleEvents} ${what} that no kept backup has`],
    soleEvents,
  };
}

/** Those that verify, then those that do not; the newest first. */
function bestFirst(a: PlannedFile, b: PlannedFile): number {
  return Number(isBad(a)) - Number(isBad(b)) || timeOf(b) - timeOf(a);
}

function isBad({ decision }: PlannedFile): boolean {
  return decision.standing === 'bad';
}

function timeOf({ decision: { file } }: PlannedFile): number {
  return file.unknown === undefined ? (file.time?.timeMs ?? 0) : 0;
}
