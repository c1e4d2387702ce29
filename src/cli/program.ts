import { Command, Option } from 'commander';
import { COLOUR_CHOICES } from './colour.ts';
import type { CommandModule } from './command-module.ts';
import { addHelp } from './help.ts';
import { GROUPS } from './commands.ts';
import { packageVersion } from './package-version.ts';

const MAX_HELP_COLUMNS = 80;

export interface Program {
  /** The root with all commands below it, or the one command that the program is. */
  readonly root: Command;
  readonly commands: ReadonlyMap<Command, CommandModule>;
}

/**
 * Builds the commander program: `name` with subcommands, or, when `forced` is given, a program that is that one
 * command. Commander throws CommanderError instead of exiting, and help goes to `write`.
 */
export function buildProgram(
  name: string,
  modules: readonly CommandModule[],
  forced: CommandModule | undefined,
  write: (text: string) => void,
): Program {
  const root = new Command(forced?.name ?? name)
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: write,
      outputError: () => undefined, // what it would print is in the error that it throws
      getOutHelpWidth: () => Math.min(process.stdout.columns || MAX_HELP_COLUMNS, MAX_HELP_COLUMNS),
    })
    // What a command takes is in its own help; here it would leave no room for what it is for.
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .version(packageVersion(), '--version', 'show the version');
  if (forced !== undefined) {
    configure(root, forced, forced.name);
    return { root, commands: new Map([[root, forced]]) };
  }
  root
    .description(
      'Keeps the history of meshes: fetches what every peer remembers, proves it,\nmerges it, and keeps it.',
    )
    .usage('COMMAND [flags]')
    .addHelpText('after', `\nThe flags of a command: ${name} help COMMAND, or ${name} COMMAND -help.`);
  const commands = modules.map((module) => {
    const [first = '', second] = module.name.split(' ');
    const command = second === undefined ? root.command(first) : groupOf(root, first, name).command(second);
    configure(command, module, `${name} ${module.name}`);
    return [command, module] as const;
  });
  return { root, commands: new Map(commands) };
}

/** The command that only has commands below it: `snapshot` of `snapshot create`. */
function groupOf(root: Command, group: string, name: string): Command {
  const found = root.commands.find((command) => command.name() === group);
  if (found !== undefined) return found;
  return root
    .command(group)
    .summary(GROUPS.get(group) ?? '')
    .description(sentenceOf(GROUPS.get(group) ?? group))
    .usage('COMMAND [flags]')
    .helpCommand(false)
    .addHelpText('after', `\nThe flags of a command: ${name} ${group} COMMAND -help.`);
}

function configure(command: Command, module: CommandModule, invocation: string): void {
  command
    .summary(module.summary)
    .option('--verbose', 'say more about what is happening')
    .option('--json', `one JSON object a line on ${module.jsonTo}, no lines for people`)
    .addOption(new Option('--color <when>', 'colours').choices(COLOUR_CHOICES).default('auto'));
  module.declare(command);
  addHelp(command, module, invocation);
}

function sentenceOf(summary: string): string {
  return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
}
