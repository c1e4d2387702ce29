import { readCursor } from './fact-answer.ts';
import { elementsOf, isLiteral, membersOf, stringOf } from './json-parts.ts';
import { parseAnswer } from './parse-answer.ts';

/** Two facts that contradict each other, as far as they are counted. */
export interface Conflict {
  readonly id: string;
  /** Of its facts; `undefined` where the node does not hold them any more. */
  readonly scope: string | undefined;
  /** When the node found it; '' where it was not told. */
  readonly timestamp: string;
}

export interface ConflictPage {
  readonly items: readonly Conflict[];
  /** `undefined` where it was the last page. */
  readonly cursor: string | undefined;
  /** There are more, but the node does not say how to ask for them. */
  readonly isCutOff: boolean;
}

/** Reads the answer of `GET /v1/conflicts`; `undefined` where it is none. Source: as `parseFactPage`. */
export function parseConflictPage(body: Buffer): ConflictPage | undefined {
  return parseAnswer(body, (members) => {
    const conflicts = members.get('conflicts');
    if (conflicts === undefined) return undefined;
    const items = elementsOf(conflicts).map(readConflict);
    const cursor = readCursor(members.get('cursor'));
    if (cursor === 'malformed' || !items.every((item) => item !== undefined)) return undefined;
    const hasMore = members.get('has_more');
    const isLast = isLiteral(hasMore, 'false');
    return {
      items,
      cursor: isLast ? undefined : cursor?.text,
      isCutOff: isLiteral(hasMore, 'true') && cursor === undefined,
    };
  });
}

function readConflict(bytes: Buffer): Conflict | undefined {
  const members = membersOf(bytes);
  const id = stringOf(members.get('conflict_id'));
  if (id === undefined) return undefined;
  const scope = scopeOf(members.get('fact_a')) ?? scopeOf(members.get('fact_b'));
  return { id, scope, timestamp: stringOf(members.get('detected_at')) ?? '' };
}

function scopeOf(fact: Buffer | undefined): string | undefined {
  return fact === undefined || isLiteral(fact, 'null') ? undefined : stringOf(membersOf(fact).get('scope'));
}
