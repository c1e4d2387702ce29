import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeFlags } from '../../src/cli/go-flags.ts';

function command(): Command {
  return new Command('probe')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .option('--name <name>', '')
    .option('-o, --output <file>', '')
    .option('--peer <peer...>', '')
    .option('--verbose', '')
    .option('--strict', '')
    .option('--no-wait', '')
    .argument('[operands...]');
}

function parse(...argv: string[]): { options: Record<string, unknown>; operands: string[] } {
  const probe = command();
  probe.parse(normalizeFlags(argv, probe), { from: 'user' });
  return { options: probe.opts(), operands: probe.args };
}

describe('normalizeFlags', () => {
  it.each([
    [['-name', 'alice'], { name: 'alice' }],
    [['--name', 'alice'], { name: 'alice' }],
    [['-name=alice'], { name: 'alice' }],
    [['--name=alice'], { name: 'alice' }],
    [['-name', '-x'], { name: '-x' }],
    [['-name', '--'], { name: '--' }],
    [['-name='], { name: '' }],
    [['-name', ''], { name: '' }],
    [['-name', 'a=b'], { name: 'a=b' }],
    [['-name=a=b\nc'], { name: 'a=b\nc' }],
    [['-name', 'a', '--name=b'], { name: 'b' }],
    [['-o', 'f'], { output: 'f' }],
    [['--o=f'], { output: 'f' }],
    [['-peer', 'a', '-peer=-b'], { peer: ['a', '-b'] }],
    [['-verbose'], { verbose: true }],
    [['-verbose=T'], { verbose: true }],
    [['-verbose=false'], {}],
    [['-verbose', '--verbose=0'], {}],
    [['-verbose=0', '-verbose'], { verbose: true }],
    [['-no-wait'], { wait: false }],
    [['--no-wait=false'], {}],
    [['-no-wait', '-no-wait=f'], {}],
  ])('reads %j', (argv, options) => {
    expect(parse(...argv)).toEqual({ options: { wait: true, ...options }, operands: [] });
  });

  it.each([
    [['-verbose', 'false'], ['false']],
    [['-'], ['-']],
    [
      ['--', '-name', 'alice'],
      ['-name', 'alice'],
    ],
    [
      ['a', '-verbose', 'b'],
      ['a', 'b'],
    ],
    [['-peer', 'x', 'a'], ['a']],
    [
      ['--', '--', '-h'],
      ['--', '-h'],
    ],
  ])('leaves the operands of %j', (argv, operands) => {
    expect(parse(...argv).operands).toEqual(operands);
  });

  it.each([['-h'], ['-help'], ['--help'], ['-help=0']])('takes %s for a request for help', (word) => {
    expect(normalizeFlags(['-verbose', word, '-name'], command())).toEqual(['--help']);
  });

  it.each([['---x'], ['-=x'], ['--=x'], ['-verbose=maybe'], ['-name']])('refuses %s', (word) => {
    expect(() => parse(word)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });

  it('does not show the value of an unknown flag', () => {
    for (const argv of [['-suol=SECRET'], ['-suol', 'SECRET'], ['---soul=SECRET']]) {
      let message = '';
      try {
        parse(...argv);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/soul|suol/);
      expect(message).not.toContain('SECRET');
    }
  });

  it('agrees with Go on any line whose flags come first', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '-name',
        '--name',
        '-o',
        '-verbose',
        '--strict',
        '-verbose=0',
        '--strict=true',
        '-o=x',
        '-',
      ),
      fc.constantFrom(
        '--name=',
        '-verbose=maybe',
        '--',
        '---',
        '-',
        '',
        'alice',
        '-bogus',
        '-strict=F',
        '-=',
        '-5',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const expected = goFlags(argv);
        if (expected === undefined) {
          // What Go takes for operands after the first of them may hold flags for us.
          expect(() => parse(...argv)).toThrow();
          return;
        }
        if (expected.help) return;
        const flagsBehind = expected.operands.some((operand) => /^-./.test(operand)) && !expected.ended;
        fc.pre(!flagsBehind);
        expect(parse(...argv)).toEqual({
          options: { wait: true, ...expected.options },
          operands: expected.operands,
        });
      }),
      { numRuns: 2000 },
    );
  });
});

interface GoResult {
  readonly options: Record<string, unknown>;
  readonly operands: string[];
  readonly help: boolean;
  /** Whether `--` ended the flags. */
  readonly ended: boolean;
}

/** `flag.FlagSet.parseOne` of Go, line by line; `undefined` where it reports an error. */
function goFlags(argv: readonly string[]): GoResult | undefined {
  const values = new Set(['name', 'o']);
  const booleans = new Set(['verbose', 'strict']);
  const options = new Map<string, unknown>();
  const args = [...argv];
  let ended = false;
  while (args.length > 0) {
    const s = args[0]!;
    if (s.length < 2 || !s.startsWith('-')) break;
    let minuses = 1;
    if (s[1] === '-') {
      minuses = 2;
      if (s.length === 2) {
        args.shift();
        ended = true;
        break;
      }
    }
    let name = s.slice(minuses);
    if (name === '' || name.startsWith('-') || name.startsWith('=')) return undefined;
    args.shift();
    let value: string | undefined;
    const equals = name.indexOf('=');
    if (equals > 0) [name, value] = [name.slice(0, equals), name.slice(equals + 1)];
    if (booleans.has(name)) {
      if (!/^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value ?? 'true')) return undefined;
      if (/^[1tT]/.test(value ?? 'true')) options.set(name, true);
      else options.delete(name);
    } else if (values.has(name)) {
      if (value === undefined && args.length > 0) value = args.shift();
      if (value === undefined) return undefined;
      options.set(name === 'o' ? 'output' : name, value);
    } else if (name === 'help' || name === 'h') {
      return { options: Object.fromEntries(options), operands: args, help: true, ended };
    } else {
      return undefined;
    }
  }
  return { options: Object.fromEntries(options), operands: args, help: false, ended };
}
