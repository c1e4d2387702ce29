import type { Discovery, FoundNara } from './discover.ts';
import type { Acquaintance } from './peer-memory.ts';
import { hostOf } from './url-parts.ts';

/** What is odd about who is on the mesh today. */
export interface RollCall {
  /** Met within the last 30 days, and nobody calls itself so today; each with the last time. */
  readonly missing: readonly (Acquaintance & { readonly isSilent: boolean })[];
  /**
   * Who shows another key than one that was met under the name before it: never met, or while the other was met within the
   * last 30 days.
   */
  readonly changed: readonly {
    readonly nara: FoundNara;
    readonly before: Acquaintance;
    /** Never met before. */
    readonly isNew: boolean;
  }[];
  /** Names that several keys claim today. */
  readonly contested: readonly { readonly name: string; readonly naras: readonly FoundNara[] }[];
}

const MISSED_FOR_MS = 30 * 86_400_000;

/** Compares who claims to be here with who proved to be here before; none of today's claims is proven. */
export function callRoll(
  { naras, silent }: Pick<Discovery, 'naras' | 'silent'>,
  known: readonly Acquaintance[],
  nowMs: number,
): RollCall {
  const present = groupBy(naras, ({ peer }) => peer.name ?? '');
  const before = groupBy(known, ({ name }) => name);
  const silentHosts = new Set(silent.flatMap(({ addresses }) => addresses));
  const missing = [...before]
    .filter(([name]) => !present.has(name))
    .map(([, met]) => newest(met))
    .filter(({ lastSeen }) => nowMs - Date.parse(lastSeen) < MISSED_FOR_MS)
    .map((one) => ({ ...one, isSilent: silentHosts.has(hostOf(new URL(one.url))) }));
  const changed = naras.flatMap((nara) => {
    const met = before.get(nara.peer.name ?? '') ?? [];
    const shown = met.find(({ publicKey }) => publicKey === nara.key?.text);
    const others = met.filter((one) => one !== shown && (shown === undefined || isBefore(one, shown, nowMs)));
    return others.length === 0 ? [] : [{ nara, before: newest(others), isNew: shown === undefined }];
  });
  const contested = [...present]
    .map(([name, claiming]) => ({ name, naras: claiming }))
    .filter(({ naras: claiming }) => new Set(claiming.map(({ key }) => key?.text)).size > 1);
  return { missing, changed, contested };
}

function isBefore(one: Acquaintance, shown: Acquaintance, nowMs: number): boolean {
  const isRecent = nowMs - Date.parse(one.lastSeen) < MISSED_FOR_MS;
  return isRecent && Date.parse(one.firstSeen) < Date.parse(shown.firstSeen);
}

function newest(met: readonly Acquaintance[]): Acquaintance {
  return met.reduce((a, b) => (Date.parse(b.lastSeen) > Date.parse(a.lastSeen) ? b : a));
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
