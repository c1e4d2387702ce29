import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { ExitStatus } from '../errors.ts';
import type { Output } from './output.ts';

/** What a command gets beside its options. It touches no other global: no `process`, no `console`. */
export interface CommandContext {
  /** What stood on the command line beside the flags. */
  readonly operands: readonly string[];
  /** The whole command line, as far as it may be shown: command, flags in one spelling, operands. */
  readonly commandLine: readonly string[];
  readonly output: Output;
  readonly stdin: Readable;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts on the first SIGINT or SIGTERM. Whoever gives up because of it throws its reason. */
  readonly signal: AbortSignal;
  /** Ends the command with its help, as one that was used wrongly. */
  readonly showHelp: () => never;
}

/**
 * One command; each has a file of its own in `commands/` and a line in `commands.ts`.
 * `declare` is called once, before anything else; `run` once, if this command was asked for. What `run` throws becomes
 * the error message and the exit status, so a command neither prints its own failure nor exits.
 */
export interface CommandModule<Options extends object = object> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Where the records of `--json` go: stderr where stdout is data. */
  readonly jsonTo: 'stdout' | 'stderr';
  /** What to write behind the command's name, for the help. */
  readonly examples: readonly string[];
  /** Environment variables that it reads, for the help. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More help, after the flags. */
  readonly notes?: string;
  /**
   * Adds options (each with a long name), arguments and a description. The flags of all commands are there already.
   * Options that are needed are asked for in `run`, not with `requiredOption`, which would hide a misspelt flag.
   */
  declare(command: Command): void;
  /** `options` is what `declare` declared, as commander reads it, and {@link CommonOptions}. */
  run(options: Options & CommonOptions, context: CommandContext): Promise<ExitStatus>;
}

/** What every command has. */
export interface CommonOptions {
  readonly verbose?: true;
  readonly json?: true;
  readonly color: 'auto' | 'always' | 'never';
}
