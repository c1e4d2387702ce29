const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:[.,](\d+))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i;

/**
 * The moment that a column of the authority's names, in nanoseconds since 1970: ISO 8601 as Python writes it, with `Z`, an
 * offset, or none, which is UTC. `undefined` for what is none, such as February 30.
 */
export function parseIsoNs(text: string): bigint | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) return undefined;
  const [, day = '', minute = '00:00', second = '', fraction = '', sign, hours = '0', minutes = '0'] = match;
  const local = `${day}T${minute}${second.slice(0, 3) || ':00'}`;
  const localMs = Date.parse(`${local}Z`);
  // JavaScript makes March 2 of February 30.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(local)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return BigInt(localMs - offsetMs) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}
