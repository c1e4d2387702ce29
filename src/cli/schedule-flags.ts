import { Option, type Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import {
  INTERVALS,
  parseClock,
  parseOnCalendar,
  type Interval,
  type ScheduleTime,
} from '../keeping/schedule-time.ts';
import type { UnitSchedule } from '../keeping/schedule.ts';
import { hiddenValues, optionValue, optionValues } from './option-value.ts';

type Credential = UnitSchedule['credentials'][number];

/** The flags of `schedule`, as commander reads them. */
export interface ScheduleFlags {
  readonly every?: Interval;
  readonly at?: { readonly hour: number; readonly minute: number };
  readonly onCalendar?: string;
  readonly name: string;
  readonly cron?: true;
  readonly user?: true;
  readonly runAs?: string;
  readonly directory?: string;
  readonly writeTo?: readonly string[];
  readonly credential?: readonly Credential[];
  readonly only?: 'service' | 'timer';
}

const NIGHT = { hour: 3, minute: 0 };

export function declareScheduleFlags(command: Command): void {
  command
    .addOption(new Option('--every <interval>', 'default: daily').choices(INTERVALS))
    .option(
      '--at <HH:MM>',
      "by this machine's clock; hourly: the minute; default: 03:00",
      optionValue(parseClock),
    )
    .option('--on-calendar <when>', 'instead, as systemd.time(7) has it', optionValue(parseOnCalendar))
    .option('--cron', 'a line for a crontab, not units for systemd')
    .option('--name <name>', 'of the units', optionValue(parseUnitName), 'mesh-backup')
    .option('--user', "units for your own systemd, not the system's")
    .option('--run-as <user>', 'whose rights a system unit has; default: yours', optionValue(parseUser))
    .option('--directory <dir>', 'where names of files begin; default: here')
    .option(
      '--write-to <dir>',
      'what a system unit may write to, again and again;\ndefault: --directory',
      optionValues(String),
    )
    .option(
      '--credential <name=path>',
      'a secret that systemd hands over: soul=FILE or\nauthkey=FILE; again and again',
      hiddenValues('--credential', parseCredential),
    )
    .addOption(new Option('--only <part>', 'one of the two parts').choices(['service', 'timer']));
}

/** Throws `USAGE` where flags speak of the other of systemd and cron, or of two times. */
export function scheduleTimeOf(flags: ScheduleFlags): ScheduleTime {
  const { every, at, onCalendar, cron } = flags;
  const [, stranger] =
    (
      [
        [flags.user, '--user'],
        [flags.runAs, '--run-as'],
        [flags.writeTo, '--write-to'],
        [flags.only, '--only'],
        [onCalendar, '--on-calendar'],
        [flags.credential, '--credential'],
      ] as const
    ).find(([value]) => value !== undefined) ?? [];
  if (cron && stranger !== undefined) {
    throw new MeshBackupError('USAGE', `${stranger} is for systemd, not for --cron.`, {
      ...(stranger === '--credential' && {
        hint: 'cron hands over no secrets: use --soul-file in the command.',
      }),
    });
  }
  if (flags.user && flags.runAs !== undefined) {
    throw new MeshBackupError('USAGE', '--user units run as their user: leave --run-as out.');
  }
  if (onCalendar === undefined) return { every: every ?? 'daily', ...(at ?? NIGHT) };
  if (every === undefined && at === undefined) return { onCalendar };
  throw new MeshBackupError('USAGE', 'Give --on-calendar, or --every and --at, not both.');
}

function parseUnitName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(text)) return text;
  throw new MeshBackupError('USAGE', `'${text}' is no name for a unit: letters, digits, - _ and . alone`);
}

function parseUser(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.-]{0,30}$/.test(text)) return text;
  throw new MeshBackupError('USAGE', `'${text}' is no name of a user`);
}

function parseCredential(text: string): Credential {
  const [, name, path] = /^([A-Za-z0-9_.-]{1,100})=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && path !== undefined) return { name, path };
  // Not shown: it may be the secret itself.
  throw new MeshBackupError('USAGE', 'want NAME=PATH, the path of a file that holds the secret');
}
