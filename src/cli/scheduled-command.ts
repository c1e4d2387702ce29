import { delimiter, dirname, join, resolve } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { isProgram } from '../mesh/is-program.ts';
import { SECRET_VARIABLES } from '../mesh/secret-environment.ts';

/** A flag whose value is the secret, alone or within the text of a shell's command. */
const SECRET_FLAG = /(^|[\s'"])--?(soul|authkey)(=|\s|$)/;
/** A variable that is set to one: `env NAME=`, or in the text of a shell's command. */
const SECRET_VARIABLE = new RegExp(`(?:^|[\\s'";&|(])(${SECRET_VARIABLES.join('|')})=`);
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin'];

/**
 * Asserts that no word is a secret's flag or variable: units and crontabs can be read by many, and so can the arguments of what they
 * start. Throws `USAGE`, and shows nothing of the words.
 */
export function assertNoSecrets(words: readonly string[]): void {
  const flag = words.map((word) => SECRET_FLAG.exec(word)?.[2]).find((name) => name !== undefined);
  const variable = words.map((word) => SECRET_VARIABLE.exec(word)?.[1]).find((name) => name !== undefined);
  if (variable !== undefined) {
    throw new MeshBackupError('USAGE', `${variable}= in the command would stand there for others to read.`, {
      hint: 'Leave it out: --credential soul=FILE or authkey=FILE before the --, or a script that reads it from a file.',
    });
  }
  if (flag === undefined) return;
  throw new MeshBackupError('USAGE', `-${flag} in the command would stand there for others to read.`, {
    hint: `Leave it out and give --credential ${flag}=FILE before the --, or --${flag}-file FILE behind it.`,
  });
}

/** The command with its program's whole path: neither systemd nor cron looks where a shell does. A
 * name with a slash begins in the directory that the command runs in. Throws `USAGE`. */
export async function resolveCommand(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string,
): Promise<string[]> {
  const [program = '', ...rest] = words;
  if (program.includes('=')) {
    throw new MeshBackupError('USAGE', 'The command begins with a program, not with a variable.', {
      hint: 'For variables that are no secrets: env NAME=VALUE PROGRAM. Secrets go with --credential.',
    });
  }
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const folder of folders) {
    const path = folder === '' ? resolve(directory, program) : resolve(join(folder, program));
    if (await isProgram(path)) return [path, ...rest];
  }
  throw new MeshBackupError('USAGE', `There is no program ${program}.`, {
    hint: 'Name it with its whole path.',
  });
}

/** Ours are scripts for a `node` that they look for: the one that runs now comes first. */
export function searchPathFor(program: string): string {
  return [...new Set([dirname(process.execPath), dirname(program), ...SYSTEM_FOLDERS])].join(delimiter);
}
