import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../../src/cli/printable.ts';

const HOSTILE = [0x00, 0x07, 0x09, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x061c, 0x115f, 0x180e, 0x200b]
  .concat([0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2066])
  .concat([0x2067, 0x2068, 0x2069, 0x3164, 0xd800, 0xdfff, 0xe000, 0xfeff, 0xfff9, 0xffff, 0xe0001, 0xe0041]);
/** By number, not by the property names that the code goes by. */
const ACTS_ON_A_TERMINAL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]/;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...HOSTILE, 0x61, 0x5c, 0x1f600)).map((codes) => String.fromCodePoint(...codes)),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
);

describe('printable', () => {
  it.each(HOSTILE.map((code) => [code.toString(16), code] as const))('escapes U+%s', (hex, code) => {
    const shown = printable(`a${String.fromCodePoint(code)}b`);
    expect(shown).toBe(
      code === 10 ? 'a\\nb' : code === 13 ? 'a\\rb' : code === 9 ? 'a\\tb' : `a\\u{${hex}}b`,
    );
  });

  it('never shows what acts on a terminal, and is bounded', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = printable(text);
        expect(Array.from(shown).length).toBeLessThanOrEqual(201);
        expect(shown.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, '')).not.toMatch(ACTS_ON_A_TERMINAL);
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves ordinary text alone', () => {
    for (const text of ['alice', 'nära-ß 日本語', '⚠️  100 % \\ "quoted"', 'e\u0301', ''])
      expect(printable(text)).toBe(text);
  });

  it('cuts after 200 characters, never within an escape', () => {
    expect(printable('x'.repeat(200))).toBe('x'.repeat(200));
    expect(printable('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
    expect(printable(`${'x'.repeat(198)}\u202e`)).toBe(`${'x'.repeat(198)}…`);
  });
});

describe('printableJson', () => {
  it('keeps the value and shows nothing raw', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = printableJson(JSON.stringify({ [text]: text }));
        expect(JSON.parse(json)).toEqual({ [text]: text });
        expect(json).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });
});
