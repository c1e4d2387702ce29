import { isUtf8 } from 'node:buffer';
import { NotJson } from '../event/json-cursor.ts';
import { membersOf } from './json-parts.ts';

/** Reads an answer whose body is one JSON object; `undefined` where it is none, or where `read` says so or meets no JSON. */
export function parseAnswer<T>(
  body: Buffer,
  read: (members: ReadonlyMap<string, Buffer>) => T | undefined,
): T | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return read(membersOf(body));
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}
