import { MeshBackupError } from '../errors.ts';

export const INTERVALS = ['hourly', 'daily', 'weekly', 'monthly'] as const;
export type Interval = (typeof INTERVALS)[number];

/** When something runs, by the machine's clock and zone. */
export type ScheduleTime =
  | { readonly every: Interval; readonly hour: number; readonly minute: number }
  /** For systemd alone. */
  | { readonly onCalendar: string };

/** `HH:MM`. Throws `USAGE`. */
export function parseClock(text: string): { hour: number; minute: number } {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined && minute !== undefined) return { hour: Number(hour), minute: Number(minute) };
  throw new MeshBackupError('USAGE', `'${text}' is no time of day: write it like 03:00`);
}

/** Asserts that it can stand in a unit; what it means is for systemd to say. Throws `USAGE`. */
export function parseOnCalendar(text: string): string {
  if (/^[A-Za-z0-9*][A-Za-z0-9 *:.,/~+_-]*$/.test(text)) return text;
  throw new MeshBackupError('USAGE', `'${text}' is no calendar expression of systemd`, {
    hint: 'See systemd.time(7), and try it with systemd-analyze calendar.',
  });
}

/** For `OnCalendar=`. Weekly is on Mondays, monthly on the first, hourly at the minute. */
export function calendarOf(time: ScheduleTime): string {
  if ('onCalendar' in time) return time.onCalendar;
  const [hour, minute] = [two(time.hour), two(time.minute)];
  switch (time.every) {
    case 'hourly':
      return `*-*-* *:${minute}:00`;
    case 'daily':
      return `*-*-* ${hour}:${minute}:00`;
    case 'weekly':
      return `Mon *-*-* ${hour}:${minute}:00`;
    case 'monthly':
      return `*-*-01 ${hour}:${minute}:00`;
  }
}

/** The five fields of a crontab. Throws `USAGE` for what only systemd knows. */
export function cronFieldsOf(time: ScheduleTime): string {
  if ('onCalendar' in time) {
    throw new MeshBackupError('USAGE', '--on-calendar is for systemd: cron takes --every and --at.');
  }
  const { every, hour, minute } = time;
  switch (every) {
    case 'hourly':
      return `${minute} * * * *`;
    case 'daily':
      return `${minute} ${hour} * * *`;
    case 'weekly':
      return `${minute} ${hour} * * 1`;
    case 'monthly':
      return `${minute} ${hour} 1 * *`;
  }
}

function two(value: number): string {
  return value.toString().padStart(2, '0');
}
