import { InvalidArgumentError } from 'commander';
import { MeshBackupError } from '../errors.ts';

/**
 * Lets commander read an option's value with one of our parsers; its `USAGE` error then names the option as well.
 * With `.option('--timeout <duration>', '…', optionValue(parseDurationMs), 180_000)`.
 */
export function optionValue<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof MeshBackupError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** As {@link optionValue}, for options that may be given several times: collects all values, in order. */
export function optionValues<T>(parse: (text: string) => T): (text: string, before?: readonly T[]) => T[] {
  const parseOne = optionValue(parse);
  return (text, before = []) => [...before, parseOne(text)];
}

/** As {@link optionValues}, for values that may hold a secret: what is wrong with one is said without showing it. */
export function hiddenValues<T>(
  flag: string,
  parse: (text: string) => T,
): (text: string, before?: readonly T[]) => T[] {
  return (text, before = []) => {
    try {
      return [...before, parse(text)];
    } catch (error) {
      if (!(error instanceof MeshBackupError)) throw error;
      throw new MeshBackupError(error.code, `${flag}: ${error.message}`);
    }
  };
}
