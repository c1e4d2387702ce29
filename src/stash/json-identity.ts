import { walkJson, type JsonVisitor } from '../event/json-walk.ts';
import { asDouble, exactNumber } from './exact-number.ts';

/** `exact`: what the text says. `kept`: what a nara makes of it: doubles, U+FFFD for lone surrogates, the last of equal keys. */
export type Reading = 'exact' | 'kept';

/**
 * A text that is the same for two JSON documents exactly when they hold the same values, in whatever order of keys and
 * spelling. Throws `NotJson`.
 */
export function jsonIdentity(bytes: Buffer, reading: Reading): string {
  const builder = new IdentityBuilder(reading);
  walkJson(bytes, builder);
  return builder.text;
}

interface Frame {
  readonly isObject: boolean;
  /** Of a list: all elements. */
  elements: string;
  /** Of an object. */
  readonly members: (readonly [key: string, value: string])[];
  key: string;
}

/** Texts are put together with `+` alone, which copies nothing: documents may be large, and deep. */
class IdentityBuilder implements JsonVisitor {
  text = '';
  readonly #frames: Frame[] = [];
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  open(isObject: boolean): void {
    this.#frames.push({ isObject, elements: '', members: [], key: '' });
  }

  close(): void {
    const { isObject, elements, members } = this.#frames.pop()!;
    this.#value(isObject ? this.#objectText(members) : '[' + elements + ']');
  }

  key(text: string): void {
    this.#frames.at(-1)!.key = this.#quote(text);
  }

  string(text: string): void {
    this.#value(this.#quote(text));
  }

  number(lexeme: string): void {
    this.#value(exactNumber(this.#reading === 'kept' ? (asDouble(lexeme) ?? lexeme) : lexeme));
  }

  literal(word: string): void {
    this.#value(word);
  }

  #value(text: string): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) this.text = text;
    else if (frame.isObject) frame.members.push([frame.key, text]);
    else frame.elements += text + ',';
  }

  #quote(text: string): string {
    return JSON.stringify(this.#reading === 'kept' ? text.toWellFormed() : text);
  }

  #objectText(members: Frame['members']): string {
    const kept = this.#reading === 'kept' ? [...new Map(members)] : members;
    let text = '{';
    for (const [key, value] of kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      text += key + ':' + value + ',';
    }
    return text + '}';
  }
}
