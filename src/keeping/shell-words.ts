import { assertOneLine } from './unit-words.ts';

/** What no shell reads as anything but itself. */
const PLAIN = /^[A-Za-z0-9_@+=:,./-]+$/;

/**
 * A word for a POSIX shell in a crontab. cron itself ends a command at a bare `%` and takes the backslash before one
 * away, but pairs of characters behind a backslash it leaves alone; some crons know none of that. So each `%` stands
 * outside of the quotes as `\%`, which all of them, and the shell, read as `%`. Throws `USAGE` as `assertOneLine` does.
 * Source: crontab(5); Vixie cron's do_command.c.
 */
export function cronWord(word: string): string {
  assertOneLine(word);
  if (PLAIN.test(word)) return word;
  return word
    .split('%')
    .map((part) => (part === '' ? '' : `'${part.replace(/'/g, String.raw`'\''`)}'`))
    .join(String.raw`\%`)
    .replace(/^$/, "''");
}
