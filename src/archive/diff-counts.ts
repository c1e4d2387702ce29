/** What two backups have of the same thing, each counted once however often a file holds it. */
export interface DiffCounts {
  /** Only in A, only in B. */
  onlyA: number;
  onlyB: number;
  /** In both, but not in the same copies. */
  changed: number;
  same: number;
}

/** Where something differs. */
export type DiffKind = Exclude<keyof DiffCounts, 'same'>;

export function emptyDiffCounts(): DiffCounts {
  return { onlyA: 0, onlyB: 0, changed: 0, same: 0 };
}

export function differences({ onlyA, onlyB, changed }: DiffCounts): number {
  return onlyA + onlyB + changed;
}
