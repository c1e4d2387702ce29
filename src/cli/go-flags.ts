import type { Command, Option } from 'commander';
import { MeshBackupError } from '../errors.ts';

/** What Go's `strconv.ParseBool` reads. */
const GO_BOOLEANS = new Map<string, boolean>([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

/** One flag in commander's own spelling; switches are marked so that a later one can take an earlier one back. */
interface Token {
  readonly text: string;
  readonly switchOf?: string;
}

const takesValue = (option: Option): boolean => option.required;
const isSwitch = (option: Option): boolean => !option.required && !option.optional;

/**
 * Rewrites the arguments of a command, written by the rules of Go's `flag` package, into the one spelling that
 * commander cannot misread: `--name=value` and `--switch`, then `--`, then the operands. Which flags take values is read
 * off the command's own options. A request for help comes back as `['--help']` alone.
 * One rule is wider than Go's: flags may stand behind operands, where Go would take them for operands in silence.
 * An unknown flag is handed on without its value, so that no error message shows what may be a mistyped `-soul`.
 * Throws `USAGE`. Source: pkg.go.dev/flag, "Command line flag syntax".
 */
export function normalizeFlags(argv: readonly string[], command: Command): string[] {
  const flags = flagsByName(command);
  const operands: string[] = [];
  let tokens: Token[] = [];

  const words = argv[Symbol.iterator]();
  for (const word of words) {
    if (word === '--') {
      operands.push(...words);
      break;
    }
    const flag = parseFlag(word);
    if (flag === undefined) {
      operands.push(word);
      continue;
    }
    const option = flags.get(flag.name);
    if (option === undefined) {
      if (flag.name === 'h' || flag.name === 'help') return ['--help'];
      tokens.push({ text: `--${flag.name}` });
    } else if (takesValue(option)) {
      const value = flag.value ?? nextWord(words);
      if (value === undefined)
        throw new MeshBackupError('USAGE', `option '${option.flags}' argument missing`);
      tokens.push({ text: `${longName(option)}=${value}` });
    } else if (isSwitch(option)) {
      const switchOf = option.attributeName();
      const on = parseBoolean(flag.value ?? 'true', option) !== option.negate;
      tokens = tokens.filter((token) => token.switchOf !== switchOf);
      const spelling = command.options.find(
        (other) => isSwitch(other) && other.attributeName() === switchOf && other.negate !== on,
      );
      if (spelling !== undefined) tokens.push({ text: longName(spelling), switchOf });
    } else {
      tokens.push({
        text: flag.value === undefined ? longName(option) : `${longName(option)}=${flag.value}`,
      });
    }
  }
  return [...tokens.map((token) => token.text), '--', ...operands];
}

/** Options by every name they go by, without dashes; Go makes no difference between `-o` and `--o`. */
function flagsByName(command: Command): Map<string, Option> {
  return new Map(
    command.options.flatMap((option) =>
      [option.short, option.long].flatMap((name) =>
        name === undefined ? [] : [[name.replace(/^--?/, ''), option] as const],
      ),
    ),
  );
}

function longName(option: Option): string {
  if (option.long === undefined) throw new Error(`option ${option.flags} needs a long name`);
  return option.long;
}

/** `undefined` for a word that is no flag; a lone dash is none. */
function parseFlag(word: string): { name: string; value: string | undefined } | undefined {
  if (word.length < 2 || !word.startsWith('-')) return undefined;
  const body = word.slice(word.startsWith('--') ? 2 : 1);
  const equals = body.indexOf('=');
  const name = equals === -1 ? body : body.slice(0, equals);
  if (name === '' || name.startsWith('-')) {
    throw new MeshBackupError('USAGE', `bad flag syntax: ${word.replace(/=.*/s, '=')}`);
  }
  return { name, value: equals === -1 ? undefined : body.slice(equals + 1) };
}

function nextWord(words: Iterator<string, unknown>): string | undefined {
  const next = words.next();
  return next.done === true ? undefined : next.value;
}

function parseBoolean(text: string, option: Option): boolean {
  const value = GO_BOOLEANS.get(text);
  if (value !== undefined) return value;
  throw new MeshBackupError(
    'USAGE',
    `option '${option.flags}' is a switch: '${text}' is neither true nor false`,
  );
}
