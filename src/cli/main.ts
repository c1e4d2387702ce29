import type { Readable } from 'node:stream';
import { CommanderError, type Command } from 'commander';
import { MeshBackupError, type ExitStatus } from '../errors.ts';
import type { CommonOptions } from './command-module.ts';
import { COMMANDS, loadCommands } from './commands.ts';
import { failureOf } from './failure.ts';
import { normalizeFlags } from './go-flags.ts';
import { Output, type OutputStream } from './output.ts';
import { buildProgram, type Program } from './program.ts';
import { listenForSignals, type Interruption } from './signals.ts';
import { withoutSecrets } from './secret-source.ts';

const JSON_FLAG = /^--?json(=(1|t|T|true|TRUE|True))?$/;

export interface MainSettings {
  /** The name that the program goes by in its help. */
  readonly programName?: string;
  /** Be this subcommand, without its name on the command line. */
  readonly forcedCommand?: string;
  readonly commands?: typeof COMMANDS;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: Readable;
  readonly stdout?: OutputStream;
  readonly stderr?: OutputStream;
  readonly interruption?: Interruption;
}

/**
 * The command line: runs the command that `argv` (without node and script) asks for and returns its exit status.
 * Never throws and never exits; when it resolves, all output has left the process.
 */
export async function main(argv: readonly string[], settings: MainSettings = {}): Promise<ExitStatus> {
  const { env = process.env, stdin = process.stdin, commands = COMMANDS } = settings;
  const { stdout = process.stdout, stderr = process.stderr } = settings;
  const { programName = 'mesh-backup', interruption = listenForSignals() } = settings;
  // Every write reports its error itself; without a listener the stream would throw it a second time.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

  let output = new Output({ stdout, stderr, env, colour: 'auto', verbose: false, jsonTo: undefined });
  let helpText = '';
  let helpCommand = settings.forcedCommand ?? programName;
  try {
    const modules = await loadCommands(commands, settings.forcedCommand?.split(' ') ?? argv);
    const forced = modules.find((module) => module.name === settings.forcedCommand);
    if (forced?.name !== settings.forcedCommand) throw new Error(`there is no command ${helpCommand}`);
    const program = buildProgram(programName, modules, forced, (text) => (helpText += text));
    const { command, words } = chooseCommand(program, argv);
    helpCommand = fullName(command);
    const module = program.commands.get(command);
    if (module !== undefined && words.some((word) => JSON_FLAG.test(word))) {
      // Before the words are understood: what is wrong with them is a record, too.
      output = new Output({ stdout, stderr, env, colour: 'auto', verbose: false, jsonTo: module.jsonTo });
    }
    const normalized = normalizeFlags(words, command);
    command.parse(normalized, { from: 'user' });
    if (module === undefined) throw new Error('only a command takes words that are none');

    const options = command.opts<CommonOptions>();
    const { verbose = false, color } = options;
    const jsonTo = options.json ? module.jsonTo : undefined;
    output = new Output({ stdout, stderr, env, colour: color, verbose, jsonTo });
    const commandLine = [helpCommand, ...withoutSecrets(normalized)];
    const showHelp = (): never => command.help({ error: true });
    const { signal } = interruption;
    const context = { operands: command.args, commandLine, output, stdin, env, signal, showHelp };
    const status = await module.run(options, context);
    await output.flush();
    return status;
  } catch (thrown) {
    return await endWith(thrown);
  } finally {
    interruption.release();
  }

  async function endWith(thrown: unknown): Promise<ExitStatus> {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) {
      return output.write(helpText).then(
        () => 0,
        (error: unknown) => endWith(error),
      );
    }
    const failure = failureOf(thrown, interruption.signal);
    if (failure.code === 'READER_GONE') return failure.exitStatus;
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') {
      stderr.write(helpText);
      return failure.exitStatus;
    }
    output.fail(
      failure.code === 'USAGE' && failure.hint === undefined
        ? new MeshBackupError('USAGE', failure.message, { hint: `For help: ${helpCommand} -help` })
        : failure,
    );
    if (env['MESH_BACKUP_DEBUG'] === '1' && failure.cause instanceof Error && !output.json)
      stderr.write(`${failure.cause.stack}\n`);
    return await output.flush().then(
      () => failure.exitStatus,
      () => failure.exitStatus,
    );
  }
}

interface Choice {
  readonly command: Command;
  /** Its flags and operands as they were written. */
  readonly words: readonly string[];
}

/** Finds the command that the first words name; the last that has one where they name none, which then tells what is wrong. */
function chooseCommand({ root, commands }: Program, argv: readonly string[]): Choice {
  const asksForHelp = !commands.has(root) && argv[0] === 'help';
  let command = root;
  let words = asksForHelp ? argv.slice(1) : argv;
  while (!commands.has(command)) {
    const next = findCommand(command, words[0]);
    if (next === undefined) {
      const isWhole = words.length === 0;
      return { command, words: asksForHelp && isWhole ? ['--help'] : words.slice(0, 1) };
    }
    command = next;
    words = words.slice(1);
  }
  return { command, words: asksForHelp ? ['--help'] : words };
}

function findCommand(root: Command, name: string | undefined): Command | undefined {
  return root.commands.find((command) => command.name() === name);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
