import type { ScheduleTime } from './schedule-time.ts';

/** What is to run, and when; paths are absolute. */
export interface Schedule {
  /** Of the units: letters, digits, `-`, `_` and `.`. */
  readonly name: string;
  readonly time: ScheduleTime;
  /** The first word is the path of a program. */
  readonly command: readonly string[];
  /** Where relative names in the command begin. */
  readonly folder: string;
  /** For the program and what it starts, `:` between folders. */
  readonly searchPath: string;
}

/** A schedule for systemd. */
export interface UnitSchedule extends Schedule {
  /** Units of a user's own manager, not of the system's. */
  readonly isUserUnit: boolean;
  /** Whose rights a system unit has. */
  readonly user: string;
  /** Secrets that systemd reads and hands over, by their name in `$CREDENTIALS_DIRECTORY`. */
  readonly credentials: readonly { readonly name: string; readonly path: string }[];
  /** Folders, or files, that the command may write to; a system unit can write nowhere else. */
  readonly writable: readonly string[];
}
