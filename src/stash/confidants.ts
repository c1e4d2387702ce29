import type { StashStatus } from './stash-status.ts';

/** `3 confidants, 2 of them online`, for people; of whom the nara does not tell is counted apart. */
export function confidantsText(confidants: StashStatus['confidants']): string {
  const { length: all } = confidants;
  if (all === 0) return 'no confidants';
  const online = confidants.filter(({ isOnline }) => isOnline === true).length;
  const untold = confidants.filter(({ isOnline }) => isOnline === undefined).length;
  const counted = `${all} confidant${all === 1 ? '' : 's'}, ${online} of them online`;
  return untold === 0 ? counted : `${counted} (of ${untold} it does not say)`;
}
