import { walkJson, type JsonVisitor } from '../event/json-walk.ts';
import { asDouble, exactNumber } from './exact-number.ts';

/** What a nara does to a document that passes through Go's maps, for people. Order and spelling are no damage. */
export const DAMAGES = {
  'no-object': 'it is no object: a nara stores null instead',
  'too-deep': 'it is nested more than 10,000 deep: a nara cannot read it',
  'too-large': 'a number that is too large for a double: a nara cannot read it',
  'big-integer': 'an integer beyond 2^53 that a double does not hold',
  digits: 'a number with more digits than a double holds',
  'equal-keys': 'a key that comes twice: only the last is kept',
  surrogate: 'half of a surrogate pair: it becomes U+FFFD',
} as const;

export type DamageKind = keyof typeof DAMAGES;

/** One place of a document that a nara would not keep as it is; what stands there may be a secret. */
export interface Damage {
  readonly kind: DamageKind;
  /** `wallet.coins[3]`; '' for the document itself. Made of the document's keys, shortened. */
  readonly path: string;
}

export interface DamageReport {
  /** The first hundred. */
  readonly damages: readonly Damage[];
  readonly count: number;
  /** A nara would not take the document at all, or keep nothing of it. */
  readonly isFatal: boolean;
}

const FATAL: ReadonlySet<DamageKind> = new Set(['no-object', 'too-deep', 'too-large']);
const MAX_NAMED = 100;
const MAX_STEP = 40;
const MAX_PATH_STEPS = 8;
const MAX_DEPTH = 10_000;

/** Looks for what a nara would damage. Throws `NotJson`. Source: specification, "Stash". */
export function findDamage(document: Buffer): DamageReport {
  const finder = new DamageFinder();
  walkJson(document, finder);
  return finder;
}

interface Frame {
  /** `undefined` for a list. */
  readonly keys: Set<string> | undefined;
  step: string | number;
}

class DamageFinder implements JsonVisitor, DamageReport {
  readonly damages: Damage[] = [];
  count = 0;
  isFatal = false;
  readonly #frames: Frame[] = [];

  open(isObject: boolean): void {
    this.#begin(isObject);
    if (this.#frames.length === MAX_DEPTH) this.#note('too-deep');
    this.#frames.push({ keys: isObject ? new Set() : undefined, step: -1 });
  }

  close(): void {
    this.#frames.pop();
  }

  key(text: string): void {
    const frame = this.#frames.at(-1)!;
    frame.step = text;
    if (!text.isWellFormed()) this.#note('surrogate');
    const key = text.toWellFormed();
    if (frame.keys?.has(key)) this.#note('equal-keys');
    frame.keys?.add(key);
  }

  string(text: string): void {
    this.#begin(false);
    if (!text.isWellFormed()) this.#note('surrogate');
  }

  number(lexeme: string): void {
    this.#begin(false);
    const double = asDouble(lexeme);
    if (double === undefined) this.#note('too-large');
    else if (exactNumber(double) !== exactNumber(lexeme)) {
      this.#note(/^-?\d+$/.test(lexeme) ? 'big-integer' : 'digits');
    }
  }

  literal(): void {
    this.#begin(false);
  }

  /** A value comes. */
  #begin(isObject: boolean): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined && !isObject) this.#note('no-object');
    if (typeof frame?.step === 'number') frame.step++;
  }

  #note(kind: DamageKind): void {
    this.count++;
    if (FATAL.has(kind)) this.isFatal = true;
    if (this.damages.length === MAX_NAMED) return;
    this.damages.push({ kind, path: pathOf(this.#frames) });
  }
}

function pathOf(frames: readonly Frame[]): string {
  const steps = frames.slice(0, MAX_PATH_STEPS).map(({ step }) => {
    return typeof step === 'number' ? `[${step}]` : `.${shorten(step)}`;
  });
  return (steps.join('') + (frames.length > MAX_PATH_STEPS ? '…' : '')).replace(/^\./, '');
}

function shorten(text: string): string {
  return text.length > MAX_STEP ? `${text.slice(0, MAX_STEP)}…` : text;
}
