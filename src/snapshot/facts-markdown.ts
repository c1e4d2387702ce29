import type { ContradictionCounts } from './contradiction-counts.ts';
import type { EntityFacts, FactExport, Scope } from './export-facts.ts';
import type { Fact } from './fact-answer.ts';
import { findingsOf } from './export-findings.ts';
import { inlineCode } from './inline-code.ts';

export interface MarkdownOptions {
  readonly nodeUrl: URL;
  readonly scope: Scope;
  readonly includeContradicted: boolean;
  readonly includeExpired: boolean;
  readonly exportedAt: Date;
  /** What is longer is cut, says so, and is counted. */
  readonly maxCharacters: number;
}

export interface FactsMarkdown {
  readonly text: string;
  /** What is not whole about it, a sentence each, in Markdown that cannot break out. */
  readonly findings: readonly string[];
}

/**
 * The export as Markdown, the same for the same facts and moment. Whatever the node said is in code spans of one line each,
 * so no fact can make a line, a heading, a cell, a link or HTML.
 */
export function factsMarkdown(exported: FactExport, options: MarkdownOptions): FactsMarkdown {
  const writer = new CuttingWriter(options.maxCharacters);
  const sections = exported.entities.map((entity) => entitySection(entity, options.scope, writer));
  const metrics = exported.contradictions && contradictionSection(exported.contradictions, writer);
  const findings = findingsOf(exported, writer.cutTexts, options.maxCharacters);
  const head = [
    '# Facts of a Stigmem node, to be read',
    '',
    '**This is no backup and no restore format**: nothing can be restored from it. Use `mesh-backup snapshot create`.',
    '',
    ...headLines(exported, options),
    ...(findings.length === 0 ? [] : ['', ...findings.map((finding) => `- **Not whole:** ${finding}`)]),
    '',
    ESCAPES,
  ];
  const lines = [head, ...sections, ...(metrics === undefined ? [] : [metrics])].flatMap((part) => [
    ...part,
    '',
  ]);
  return { text: `${lines.slice(0, -1).join('\n')}\n`, findings };
}

const ESCAPES =
  String.raw`In what the node said, ` +
  '`\\\\` stands for a backslash, `\\n` for the end of a line, `\\u{202e}` for the character of this number.';

function headLines(
  { entities }: FactExport,
  { nodeUrl, scope, includeContradicted, includeExpired, exportedAt }: MarkdownOptions,
): string[] {
  const count = entities.reduce((sum, { facts }) => sum + facts.length, 0);
  return [
    `- **Exported:** ${exportedAt.toISOString()}`,
    `- **Node:** ${inlineCode(nodeUrl.href)}`,
    `- **Scope:** ${inlineCode(scope)}`,
    `- **Entities:** ${entities.map(({ entity }) => inlineCode(entity)).join(', ')}`,
    `- **Facts:** ${count}`,
    `- **Contradicted facts:** ${includeContradicted ? 'asked for' : 'left out by the node'}`,
    `- **Expired facts:** ${includeExpired ? 'asked for' : 'left out by the node'}`,
  ];
}

function entitySection({ entity, facts }: EntityFacts, scope: Scope, writer: CuttingWriter): string[] {
  const lines = facts.map((fact) => factLine(fact, entity, scope, writer));
  return [`## Entity ${inlineCode(entity)}`, '', ...(lines.length === 0 ? ['*No facts.*'] : lines)];
}

function factLine(fact: Fact, entity: string, scope: Scope, writer: CuttingWriter): string {
  const told: (readonly [name: string, text: string])[] = [
    ['source', fact.source],
    ['confidence', fact.confidence],
    ['type', fact.valueType],
    ...(fact.timestamp === '' ? [] : [['at', fact.timestamp] as const]),
    ...(fact.validUntil === undefined ? [] : [['until', fact.validUntil] as const]),
    // What is asked for is not what has to come: an entity may be an alias, and a node may do as it likes.
    ...(fact.entity === entity || fact.entity === '' ? [] : [['entity', fact.entity] as const]),
    ...(fact.scope === scope || fact.scope === '' ? [] : [['scope', fact.scope] as const]),
  ];
  const marks = fact.isContradicted ? ', contradicted' : '';
  const about = told.map(([name, text]) => `${name} ${writer.code(text)}`).join(', ');
  const value = fact.value === undefined ? '*no value*' : writer.code(fact.value);
  return `- **${writer.code(fact.relation)}** (${about}${marks}): ${value}`;
}

function contradictionSection({ scopes, isDoubtful }: ContradictionCounts, writer: CuttingWriter): string[] {
  const title = ['## Contradictions on the node', ''];
  if (scopes.length === 0) return [...title, '*None.*'];
  const atLeast = isDoubtful ? '≥ ' : '';
  return [
    ...title,
    '| Scope | Unresolved | Resolved | Total |',
    '| --- | ---: | ---: | ---: |',
    ...scopes.map(({ scope, unresolved, resolved }) => {
      const name = scope === undefined ? '*unknown*' : writer.code(scope, { inTable: true });
      const cells = [unresolved, resolved, unresolved + resolved].map((count) => `${atLeast}${count}`);
      return `| ${[name, ...cells].join(' | ')} |`;
    }),
  ];
}

/** Cuts what is too long, says so behind it, and counts. */
class CuttingWriter {
  readonly #maxCharacters: number;
  cutTexts = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  code(text: string, where: { inTable?: boolean } = {}): string {
    const max = this.#maxCharacters;
    if (text.length <= max) return inlineCode(text, where);
    this.cutTexts++;
    return `${inlineCode(text.slice(0, max), where)} *(cut: ${max} of ${text.length} characters)*`;
  }
}
