import { describe, expect, it } from 'vitest';
import { LastLines } from '../../src/mesh/last-lines.ts';
import { scrub } from '../../src/mesh/scrub.ts';

const KEY = 'key/with?all="of"&it';

describe('a secret in a text', () => {
  it.each([
    [`a ${KEY} b ${KEY}`, 'a *** b ***'],
    [JSON.stringify({ a: KEY }), '{"a":"***"}'],
    [`?key=${encodeURIComponent(KEY)}`, '?key=***'],
    [`cut: ${KEY.slice(0, -1)}`, 'cut: ***'],
    [`cut: ${KEY.slice(0, 6)}`, 'cut: ***'],
    [`a ${KEY.slice(0, 6)} b`, `a ${KEY.slice(0, 6)} b`],
    ['nothing', 'nothing'],
  ])('%s', (text, clean) => {
    expect(scrub(text, KEY)).toBe(clean);
  });

  it('that is empty hides nothing', () => {
    expect(scrub('all', '')).toBe('all');
  });
});

describe('what a program said last', () => {
  function said(...pieces: string[]): { lines: string[]; telling: string } {
    const lines: string[] = [];
    const last = new LastLines((line) => lines.push(line));
    for (const piece of pieces) last.push(piece);
    return { lines, telling: last.telling() };
  }

  it('is cut into lines, wherever pieces end', () => {
    expect(said('a', 'b\nc\n', '', 'd').lines).toEqual(['ab', 'c']);
  });

  it('tells of trouble first, else it is the last line, without the time', () => {
    expect(said('2026/11/21 00:37:26 listen: permission denied\nusage\n').telling).toBe(
      'listen: permission denied',
    );
    expect(said('one\n', '2026/11/21 00:37:26 two\n\n').telling).toBe('two');
    expect(said('one\n', 'an error, not whole').telling).toBe('an error, not whole');
    expect(said().telling).toBe('');
  });

  it('is bounded, in lines and in their length', () => {
    expect(said(`${'x'.repeat(10_000)}\n`).lines[0]).toHaveLength(500);
    const { telling } = said('the error\n', ...Array.from({ length: 20 }, (_, at) => `${at}\n`));
    expect(telling).toBe('19');
    expect(said('x'.repeat(10_000), 'y'.repeat(10_000)).telling.length).toBeLessThanOrEqual(500);
  });
});
