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
  readonly values: string[];
  readonly keys: string[];
}

class IdentityBuilder implements JsonVisitor {
  text = '';
  readonly #frames: Frame[] = [];
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  open(isObject: boolean): void {
    this.#frames.push({ isObject, values: [], keys: [] });
  }

  close(): void {
    const { isObject, keys, values } = this.#frames.pop()!;
    this.#value(isObject ? `{${this.#members(keys, values)}}` : `[${values.join(',')}]`);
  }

  key(text: string): void {
    this.#frames.at(-1)!.keys.push(this.#quote(text));
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
    else frame.values.push(text);
  }

  #quote(text: string): string {
    return JSON.stringify(this.#reading === 'kept' ? text.toWellFormed() : text);
  }

  #members(keys: readonly string[], values: readonly string[]): string {
    const members = keys.map((key, at) => [key, values[at]!] as const);
    const kept = this.#reading === 'kept' ? [...new Map(members)] : members;
    return kept
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, value]) => `${key}:${value}`)
      .join(',');
  }
}
