import type { RollCall } from '../mesh/roll-call.ts';
import type { TailnetMachine } from '../mesh/tailnet-status.ts';
import { line, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';

/** What is odd about who is on the mesh, in words. */
export function rollCallLines({ missing, changed, contested }: RollCall): Line[] {
  return [
    ...missing.map(({ name, lastSeen, isSilent, url }) =>
      isSilent
        ? line`⚠️  ${name} was here on ${dayOf(lastSeen)}; its machine is online, but nothing answers at ${url}`
        : line`⚠️  ${name} was here on ${dayOf(lastSeen)}, not today`,
    ),
    ...changed.map(
      ({ nara, before, isNew }) =>
        line`⚠️  ${nara.peer.name ?? ''} ${isNew ? 'SHOWS ANOTHER KEY' : 'shows another key'} than on ${dayOf(before.lastSeen)}: ${nara.key?.text ?? 'none'}, not ${before.publicKey}. A new soul, or somebody else at ${nara.peer.url.host}?`,
    ),
    ...contested.map(
      ({ name, naras }) =>
        line`⚠️  ${naras.length} machines with different keys call themselves ${name}: ${naras.map(({ peer }) => peer.url.host).join(', ')}; all are walked`,
    ),
  ];
}

/** The same for scripts. */
export function rollCallRecord(
  { missing, changed, contested }: RollCall,
  silent: readonly TailnetMachine[],
): JsonRecord {
  return {
    type: 'roll-call',
    missing: missing.map(({ name, publicKey, url, lastSeen, isSilent }) => {
      return { name, publicKey, url, lastSeen, isSilent };
    }),
    changed: changed.map(({ nara, before }) => {
      return { name: before.name, url: nara.peer.url, publicKey: nara.key?.text, before: before.publicKey };
    }),
    contested: contested.map(({ name, naras }) => ({ name, urls: naras.map(({ peer }) => peer.url) })),
    silent: silent.map(({ hostName, addresses }) => ({ hostName, addresses })),
  };
}

/** A machine that does not say what it is; naras call theirs by their name and four characters. */
export function silentLine({ hostName, addresses }: TailnetMachine): Line {
  return line`⚠️  no answer from ${hostName} (${addresses[0] ?? ''}), which is online and may be a nara`;
}

const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** `3 March 2026`. */
function dayOf(date: string): string {
  return DAY.format(new Date(date));
}
