import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseDurationMs } from '../../src/cli/duration.ts';
import { hiddenValues, optionValue, optionValues } from '../../src/cli/option-value.ts';
import { parseSizeBytes } from '../../src/cli/size.ts';
import { MeshBackupError } from '../../src/errors.ts';

function parse(...argv: string[]): Record<string, unknown> {
  return new Command('probe')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .option('--timeout <duration>', '', optionValue(parseDurationMs), 180_000)
    .option('--size <size>', '', optionValues(parseSizeBytes), [])
    .parse(argv, { from: 'user' })
    .opts();
}

describe('optionValue', () => {
  it('gives commander our parsers', () => {
    expect(parse()).toEqual({ timeout: 180_000, size: [] });
    expect(parse('--timeout=1m', '--size=1kB', '--size=2kB')).toEqual({
      timeout: 60_000,
      size: [1000, 2000],
    });
  });

  it('names the option in the error', () => {
    expect(() => parse('--timeout=3')).toThrow(/'--timeout <duration>' .* has no unit/);
  });
});

it('what is wrong with a value that may hold a secret is said without showing it', () => {
  const read = hiddenValues('--peer', () => {
    throw new MeshBackupError('PEER_LIST', 'it holds a password');
  });
  expect(() => read('http://me:secret@host')).toThrow(/^--peer: it holds a password$/);
});
