import fc from 'fast-check';
import { parsers } from 'prettier/plugins/markdown';
import { expect, test } from 'vitest';
import { printable } from '../../src/cli/printable.ts';
import type { FactExport } from '../../src/snapshot/export-facts.ts';
import { inlineCode } from '../../src/snapshot/inline-code.ts';
import { markdownOf } from './exporting.ts';

const ATTACKS = [
  '\n# heading\n',
  '\r\n\r\n<script>alert(1)</script>',
  '![i](http://a.example/i)',
  '[l]: http://a.example',
  'https://a.example www.a.example a@a.example',
  '`',
  '``` `` `',
  '` <b> `',
  '\\',
  '\\`',
  '\\|',
  '|',
  ' | a | b |',
  ' ',
  '  x  ',
  '\u202e\u2066\u200b\ufeff\u00ad',
  '\u2028\u2029\u0085\v\f\t\u001b[2J\u0000',
  '\ud800',
  '**_~~',
  '&lt;b&gt;&#10;&Tab;',
  '<!--',
  ']]>',
  '$`x`$',
  '\\u{a}\\n',
  '😀\ufe0f',
  '',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 4 })
  .map((parts) => parts.join(''));
const count = fc.nat({ max: 999 });
const fact = fc.record({
  id: text,
  entity: text,
  scope: text,
  relation: text,
  source: text,
  confidence: text,
  value: fc.option(text, { nil: undefined }),
  valueType: text,
  timestamp: text,
  validUntil: fc.option(text, { nil: undefined }),
  isContradicted: fc.boolean(),
});
const exports: fc.Arbitrary<FactExport> = fc.record({
  entities: fc.array(
    fc.record({
      entity: text,
      facts: fc.array(fact, { maxLength: 3 }),
      otherTotal: fc.constant(undefined),
      isDoubtful: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  contradictions: fc.record({
    scopes: fc.array(fc.record({ scope: text, unresolved: count, resolved: count }), {
      minLength: 1,
      maxLength: 3,
    }),
    isDoubtful: fc.boolean(),
  }),
});

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly Node[];
}

/** Read by the Markdown of somebody else, GitHub's tables and bare links included. */
async function read(markdown: string): Promise<Node[]> {
  const flat = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(flat)];
  const root: unknown = await parsers.markdown.parse(markdown, {} as never);
  return flat(root as Node);
}

/** What a code span stood for. */
function unescape(code: string): string {
  const letters = new Map([
    ['\\', '\\'],
    ['n', '\n'],
    ['r', '\r'],
    ['t', '\t'],
  ]);
  return code.replace(/\\(?:u\{([\da-f]+)\}|(.))/gu, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? letters.get(letter)! : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

const OURS = new Set(
  'root heading paragraph text inlineCode strong emphasis list listItem table tableRow tableCell'.split(' '),
);
const only = (nodes: readonly Node[], type: string): Node[] => nodes.filter((node) => node.type === type);
const told = (texts: readonly (string | undefined)[]): string[] =>
  texts.filter((one) => one !== undefined && one !== '') as string[];

test('whatever a node says, the document has the same shape, and every text can be had back', async () => {
  await fc.assert(
    fc.asyncProperty(exports, async (exported) => {
      const { entities, contradictions } = exported;
      const markdown = markdownOf(exported).text;
      const nodes = await read(markdown);
      expect(nodes.filter(({ type }) => !OURS.has(type))).toEqual([]);
      expect(only(nodes, 'heading')).toHaveLength(2 + entities.length);
      const rows = only(nodes, 'tableRow');
      expect(rows.map(({ children }) => children?.length)).toEqual(
        Array.from({ length: 1 + contradictions!.scopes.length }, () => 4),
      );
      const facts = entities.flatMap((entity) =>
        entity.facts.map((one) => ({ ...one, asked: entity.entity })),
      );
      const findings = markdownOf(exported).findings.length;
      expect(only(nodes, 'listItem')).toHaveLength(7 + findings + facts.length);

      const lines = markdown.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
      const empty = entities.filter((entity) => entity.facts.length === 0).length;
      expect(lines).toHaveLength(
        14 +
          (findings > 0 ? findings + 1 : 0) +
          3 * entities.length +
          facts.length +
          empty +
          4 +
          contradictions!.scopes.length +
          1,
      );

      const codes = only(nodes, 'inlineCode').map(({ value }) => unescape(value!));
      const sections = entities.flatMap(({ entity, facts: listed }) => [
        entity,
        ...listed.flatMap((one) => [
          one.relation,
          one.source,
          one.confidence,
          one.valueType,
          one.timestamp,
          one.validUntil,
          one.entity === entity ? '' : one.entity,
          one.scope === 'team' ? '' : one.scope,
          one.value,
        ]),
      ]);
      const wanted = told([...sections, ...contradictions!.scopes.map(({ scope }) => scope)]);
      expect(codes.slice(codes.length - wanted.length)).toEqual(wanted);
    }),
    { numRuns: 200 },
  );
});

test('what is shown escaped is what is shown escaped everywhere', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const character = String.fromCodePoint(codePoint);
    if (character === '\\' || character === ' ' || character === '`') continue;
    const code = `\`${printable(character)}\``;
    if (inlineCode(character) !== code) expect(inlineCode(character)).toBe(code);
  }
});
