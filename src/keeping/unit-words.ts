import { MeshBackupError } from '../errors.ts';

/** Characters that mean nothing to systemd in any place. */
const PLAIN = /^[A-Za-z0-9_@+=:,./-]+$/;
const CONTROL = /\p{Cc}/u;

/**
 * A word of a command for `ExecStart=`, so that systemd reads it as it is: `%` begins a specifier, `$` a variable, and
 * quotes and backslashes are its own. Throws `USAGE` for line ends and other control characters, which a unit file
 * has no place for. Source: systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting".
 */
export function unitWord(word: string): string {
  return unitValue(word).replaceAll('$', '$$$$');
}

/** As `unitWord`, for settings that know no variables (`Environment=`). Throws `USAGE` as it does. */
export function unitValue(word: string): string {
  assertOneLine(word);
  if (PLAIN.test(word)) return word;
  return `"${word.replace(/[\\"]/g, String.raw`\$&`).replaceAll('%', '%%')}"`;
}

/** A path for settings that take no quotes. Throws `USAGE` for what cannot be said in such a place. */
export function unitPath(path: string): string {
  assertPath(path);
  return path.replace(/%/g, '%%');
}

/** A path for settings that take a list of them. Throws `USAGE` as `unitPath` does. */
export function unitListedPath(path: string): string {
  assertPath(path);
  return path.includes(' ') ? `"${path.replace(/%/g, '%%')}"` : path.replace(/%/g, '%%');
}

/** Throws `USAGE` where a text would not stay on its line. */
export function assertOneLine(text: string): void {
  if (!CONTROL.test(text)) return;
  throw new MeshBackupError('USAGE', 'A schedule is one line: no line ends and no control characters.', {
    hint: 'Put the command into a script, and schedule that.',
  });
}

function assertPath(path: string): void {
  assertOneLine(path);
  if (!path.startsWith('/') || path !== path.trim() || /["'\\]/.test(path)) {
    throw new MeshBackupError(
      'USAGE',
      `'${path}' cannot stand in a unit: no quotes, no backslashes, no blank at its end, and from / on.`,
    );
  }
}
