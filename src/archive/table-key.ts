import { hash } from 'node:crypto';

/** Real names are far shorter; an event may hold one of 16 MiB, and a table thousands of those. */
const MAX_CHARACTERS = 128;
const KEPT_CHARACTERS = 64;

/** A text as the key of a table: itself, or its beginning and its hash, in memory of its own. */
export function tableKey(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  // A slice of a string keeps all of it in memory.
  const beginning = Buffer.from(text.slice(0, KEPT_CHARACTERS)).toString();
  return `${beginning}…${hash('sha256', text, 'hex').slice(0, 16)}`;
}
