import type { FactExport } from './export-facts.ts';
import { inlineCode } from './inline-code.ts';

/** What is not whole about an export, a sentence of Markdown each; none for a whole one. */
export function findingsOf(
  { entities, contradictions }: FactExport,
  cutTexts: number,
  maxCharacters: number,
): string[] {
  const doubtful = entities.filter(({ isDoubtful }) => isDoubtful);
  return [
    ...doubtful.map(
      ({ entity }) =>
        `facts of ${inlineCode(entity)} may be missing: the node's pages are not in the order that its cursor follows`,
    ),
    ...entities.flatMap(({ entity, facts, otherTotal }) =>
      otherTotal === undefined
        ? []
        : [`of ${inlineCode(entity)} the node says ${otherTotal} facts, and gave ${facts.length}`],
    ),
    ...(contradictions?.isDoubtful === true ? ['there may be more contradictions than are counted'] : []),
    ...(cutTexts === 0
      ? []
      : [`${cutTexts} ${cutTexts === 1 ? 'text is' : 'texts are'} cut at ${maxCharacters} characters`]),
  ];
}
