/**
 * Which hour, day, ISO week, month and year a moment lies in. All in UTC: restic takes the zone that each snapshot was
 * made in, but our times come without one, and a day must not be another one when prune runs on another machine.
 */

const DAY_MS = 86_400_000;

/** `2026-11-20 14h` */
export function hourOf(timeMs: number): string {
  return `${dayOf(timeMs)} ${new Date(timeMs).toISOString().slice(-13, -11)}h`;
}

/** `2026-11-20` */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, -14);
}

/** `2026-W47`. The year is that of the week's Thursday, as ISO 8601 has it: 2027-01-01 lies in 2026-W53. */
export function weekOf(timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS);
  const thursday = days - mod(days + 3, 7) + 3; // 1970-01-01 was a Thursday
  const year = yearOf(thursday * DAY_MS);
  const newYear = Math.floor(Date.parse(`${year}-01-01T00:00:00Z`) / DAY_MS);
  return `${year}-W${(Math.floor((thursday - newYear) / 7) + 1).toString().padStart(2, '0')}`;
}

/** `2026-11` */
export function monthOf(timeMs: number): string {
  return dayOf(timeMs).slice(0, -3);
}

/** `2026` */
export function yearOf(timeMs: number): string {
  return dayOf(timeMs).slice(0, -6);
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
