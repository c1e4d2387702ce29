import type { CommandModule } from './command-module.ts';
import { demo } from './commands/demo.ts';
import { dumpEvents } from './commands/dump-events.ts';
import { exitCodes } from './commands/exit-codes.ts';
import { sandbox } from './commands/sandbox.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandModule[] = [dumpEvents, demo, sandbox, exitCodes];
