import type { FoundFile } from './probe.ts';
import type { PlannedFile } from './prune-options.ts';

/**
 * The receipt that goes with a backup when it goes: of events alone, where the probe has read it. One that does not open is
 * a flaw that nothing replaces, so its backup stays. What is called like that beside other kinds is nobody knows what.
 */
export function receiptToGo({ listed, decision }: PlannedFile): FoundFile | undefined {
  return decision.file.kind === 'events' && decision.file.unknown === undefined ? listed.receipt : undefined;
}

/** Names of what lies beside a backup and stays when it goes. */
export function leavesOf(file: PlannedFile): readonly string[] {
  const { receipt, leaves } = file.listed;
  return receipt === undefined || receiptToGo(file) !== undefined ? leaves : [...leaves, receipt.name].sort();
}
