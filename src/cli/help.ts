import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import { exitCodesText } from './exit-codes.ts';

const COMMON_ENVIRONMENT = {
  NO_COLOR: 'set to anything: no colours',
  FORCE_COLOR: 'set to anything but 0: colours, terminal or not',
  MESH_BACKUP_DEBUG: 'set to 1: stack traces of internal errors',
} as const;

/** Adds what the flags do not tell to a command's help: examples, environment, exit statuses. */
export function addHelp(command: Command, module: CommandModule, invocation: string): void {
  const examples = module.examples.map((example) => `  ${`${invocation} ${example}`.trimEnd()}\n`);
  command.addHelpText(
    'after',
    [
      '\nFlags take one dash or two, and = or a blank: -name alice, --name=alice.\n',
      `\nExamples:\n${examples.join('')}`,
      ...(module.notes === undefined ? [] : [`\n${module.notes}\n`]),
      `\nEnvironment:\n${environmentText({ ...module.environment, ...COMMON_ENVIRONMENT })}`,
      `\nExit statuses (mesh-backup exit-codes tells more):\n${exitCodesText(false)}`,
    ]
      .join('')
      .trimEnd(),
  );
}

function environmentText(variables: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(variables).map((name) => name.length));
  return Object.entries(variables)
    .map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}\n`)
    .join('');
}
