import { compactJson, elementsOf, isLiteral, membersOf, numberOf, stringOf } from './json-parts.ts';
import { parseAnswer } from './parse-answer.ts';

/** What a node says of one fact; all of it is the node's word, none of it is safe to print. */
export interface Fact {
  readonly id: string;
  /** Whom it is about: another name than the one asked for where that is an alias. '' where it was not told. */
  readonly entity: string;
  /** '' where it was not told. */
  readonly scope: string;
  readonly relation: string;
  readonly source: string;
  /** The number as the node spelled it. */
  readonly confidence: string;
  /** `undefined`: the node told no value, but only the type of one. */
  readonly value: string | undefined;
  readonly valueType: string;
  /** '' where it was not told. */
  readonly timestamp: string;
  readonly validUntil: string | undefined;
  readonly isContradicted: boolean;
}

export interface FactPage {
  readonly items: readonly Fact[];
  /** A whole number; real nodes count the facts of the page alone, and count nothing where they hide some. */
  readonly total: string | undefined;
  readonly cursor: string | undefined;
}

/**
 * Reads the answer of `GET /v1/facts`; `undefined` where it is none. A value that is a string comes as that, others as
 * their JSON, numbers with all their digits. Source: specification of the snapshot, "readable export".
 */
export function parseFactPage(body: Buffer): FactPage | undefined {
  return parseAnswer(body, (members) => {
    const facts = members.get('facts');
    if (facts === undefined) return undefined;
    const items = elementsOf(facts).map(readFact);
    const total = members.get('total');
    const cursor = readCursor(members.get('cursor'));
    const totalText = /^\d{1,15}$/.exec(numberOf(total) ?? '')?.[0];
    const isTotal = total === undefined || isLiteral(total, 'null') || totalText !== undefined;
    if (!isTotal || cursor === 'malformed' || !items.every((item) => item !== undefined)) return undefined;
    return { items, total: totalText, cursor: cursor?.text };
  });
}

/** `undefined` for none: `null`, or the empty one, with which the first page would come again. */
export function readCursor(value: Buffer | undefined): { readonly text: string } | 'malformed' | undefined {
  const text = stringOf(value);
  if (text === undefined && value !== undefined && !isLiteral(value, 'null')) return 'malformed';
  return text === undefined || text === '' ? undefined : { text };
}

function readFact(bytes: Buffer): Fact | undefined {
  const members = membersOf(bytes);
  const id = stringOf(members.get('id'));
  const relation = stringOf(members.get('relation'));
  const source = stringOf(members.get('source'));
  const confidence = numberOf(members.get('confidence'));
  const value = members.get('value');
  if (value === undefined) return undefined;
  const valueMembers = membersOf(value);
  const valueType = stringOf(valueMembers.get('type'));
  if (id === undefined || relation === undefined || source === undefined) return undefined;
  if (confidence === undefined || valueType === undefined) return undefined;
  const v = valueMembers.get('v');
  return {
    id,
    relation,
    source,
    confidence,
    valueType,
    value: v === undefined ? undefined : (stringOf(v) ?? compactJson(v)),
    entity: stringOf(members.get('entity')) ?? '',
    scope: stringOf(members.get('scope')) ?? '',
    timestamp: stringOf(members.get('timestamp')) ?? '',
    validUntil: stringOf(members.get('valid_until')),
    isContradicted: isLiteral(members.get('contradicted'), 'true'),
  };
}
