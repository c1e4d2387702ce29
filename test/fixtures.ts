import { readFileSync } from 'node:fs';

/** A file of `fixtures/vectors`, parsed; the caller says what it holds. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}`, import.meta.url), 'utf8'));
}

/** The text with one character changed: for showing that a check can fail. */
export function flip(text: string, at = Math.floor(text.length / 2)): string {
  const other = text.charAt(at).toUpperCase() === 'A' ? 'B' : 'A';
  return text.slice(0, at) + other + text.slice(at + 1);
}
