import { MeshBackupError } from '../errors.ts';
import type { Schedule } from './schedule.ts';
import { cronFieldsOf } from './schedule-time.ts';
import { cronWord } from './shell-words.ts';

/** Vixie cron cuts off what is longer, in silence. */
const MAX_COMMAND_BYTES = 998;

/** The line of a crontab. Throws `USAGE` for what cannot be said in one. */
export function makeCronLine({ time, folder, searchPath, command }: Schedule): string {
  const path = `PATH=${cronWord(searchPath)}`;
  const text = `cd ${cronWord(folder)} && ${path} ${command.map(cronWord).join(' ')}`;
  if (Buffer.byteLength(text) > MAX_COMMAND_BYTES) {
    throw new MeshBackupError(
      'USAGE',
      `The command is too long for cron: more than ${MAX_COMMAND_BYTES} bytes.`,
      {
        hint: 'Put it into a script, and schedule that.',
      },
    );
  }
  return `${cronFieldsOf(time)} ${text}\n`;
}
