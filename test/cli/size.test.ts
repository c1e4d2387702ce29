import { describe, expect, it } from 'vitest';
import { parseSizeBytes } from '../../src/cli/size.ts';

describe('parseSizeBytes', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['1GiB', 1_073_741_824],
    ['500kB', 500_000],
    ['500 KB', 500_000],
    ['1.5gb', 1_500_000_000],
    ['0.5KiB', 512],
    ['1048576', 1_048_576],
    ['7b', 7],
    ['0', 0],
  ])('reads %s', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each([['64M'], ['1 GiBs'], ['-1'], ['1e3'], ['.5GB'], [''], ['99999TiB'], ['1constructor']])(
    'refuses %s',
    (text) => {
      expect(() => parseSizeBytes(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    },
  );
});
