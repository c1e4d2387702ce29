import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { makeCronLine } from '../../keeping/crontab.ts';
import type { UnitSchedule } from '../../keeping/schedule.ts';
import { installSteps, makeUnits } from '../../keeping/systemd-units.ts';
import type { CommandModule } from '../command-module.ts';
import type { Output } from '../output.ts';
import { declareScheduleFlags, scheduleTimeOf, type ScheduleFlags } from '../schedule-flags.ts';
import { assertNoSecrets, resolveCommand, searchPathFor } from '../scheduled-command.ts';

export const schedule: CommandModule<ScheduleFlags> = {
  name: 'schedule',
  summary: 'print what has systemd or cron run a command regularly',
  jsonTo: 'stdout',
  examples: [
    '--credential soul=key -- dump-events -name al -o a.jsonl',
    '--cron --at 04:30 -- mesh-backup verify -q a.jsonl',
    '--user --on-calendar "Mon..Fri 12:00" -- ./backup.sh',
  ],
  environment: { PATH: 'where the program of the command is looked for' },
  notes: [
    'Nothing is installed: the text begins with what to do with it. Secrets are no',
    'part of it. The program gets its whole path, and the folder of the node that',
    'runs now is on its PATH. docs/keeping.md has more.',
    'Whoever reads a WAL database writes beside it: --write-to its folder, too.',
  ].join('\n'),

  declare(command) {
    command
      .argument('[command...]', 'behind --: a program and its arguments')
      .description('Prints a systemd service and its timer, or a line for a crontab.');
    declareScheduleFlags(command);
  },

  async run(flags, { operands, output, env, showHelp }) {
    if (operands.length === 0) return showHelp();
    assertNoSecrets(operands);
    const time = scheduleTimeOf(flags);
    const folder = resolve(flags.directory ?? '.');
    const command = await resolveCommand(operands, env, folder);
    const whole: UnitSchedule = {
      name: flags.name,
      time,
      command,
      folder,
      searchPath: searchPathFor(command[0]!),
      isUserUnit: flags.user ?? false,
      user: flags.runAs ?? ownName(flags),
      credentials: (flags.credential ?? []).map(({ name, path }) => ({ name, path: resolve(folder, path) })),
      writable: (flags.writeTo ?? ['.']).map((path) => resolve(folder, path)),
    };
    await (flags.cron === true ? printCron(whole, output) : printUnits(whole, flags.only, output));
    return 0 satisfies ExitStatus;
  },
};

async function printCron(whole: UnitSchedule, output: Output): Promise<void> {
  const text = makeCronLine(whole);
  if (output.json) {
    output.record({ type: 'cron', text });
    output.record({ type: 'summary', exitStatus: 0 });
    return;
  }
  await output.write(`# Add this line with: crontab -e\n${text}`);
}

async function printUnits(whole: UnitSchedule, only: ScheduleFlags['only'], output: Output): Promise<void> {
  const units = makeUnits(whole).filter(({ name }) => only === undefined || name.endsWith(`.${only}`));
  const steps = installSteps(whole);
  if (output.json) {
    for (const { name, path, text } of units) output.record({ type: 'unit', name, path, text });
    output.record({ type: 'summary', exitStatus: 0, install: steps });
    return;
  }
  const comments = only === undefined ? steps.map((step) => `# ${step}\n`).join('') : '';
  await output.write([comments, ...units.map(({ text }) => text)].filter(Boolean).join('\n'));
}

/** Throws `USAGE` for a user without a name. */
function ownName({ user, cron }: ScheduleFlags): string {
  if (user || cron) return '';
  try {
    return userInfo().username;
  } catch {
    throw new MeshBackupError('USAGE', 'You have no name on this system: give --run-as USER.');
  }
}
