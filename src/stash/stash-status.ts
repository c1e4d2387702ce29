import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { END, JsonCursor, NotJson } from '../event/json-cursor.ts';
import { parseJson } from '../event/parse-json.ts';

/** The document that a nara holds for itself. */
export interface HeldStash {
  /** When it was given the stash, unix seconds of its clock. */
  readonly timestamp: number;
  /** The very bytes that the nara wrote: order of keys, spelling of numbers and all. */
  readonly document: Buffer;
}

export interface StashStatus {
  /** `undefined`: it has none, or `null`. */
  readonly stash: HeldStash | undefined;
  /** Who keeps it for the nara. `undefined`: it does not tell who is online. */
  readonly confidants: readonly { readonly name: string; readonly isOnline: boolean | undefined }[];
}

const QUOTE = 0x22;
const Confidants = z.array(z.unknown()).catch([]);
/** What is not as it should be is not told. */
const Confidant = z.object({
  id: z.string().catch(''),
  name: z.string().catch(''),
  online: z.boolean().optional().catch(undefined),
});

/**
 * Reads the answer of `GET /api/stash/status`; `undefined` where it is none. What comes back is a copy.
 * Source: specification, "Stash".
 */
export function parseStashStatus(body: Buffer): StashStatus | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return readStatus(new JsonCursor(body));
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

function readStatus(cursor: JsonCursor): StashStatus | undefined {
  const members = readMembers(cursor);
  if (cursor.peek() !== END) return undefined;
  const mine = members.get('my_stash');
  if (!members.has('has_stash') || mine === undefined) return undefined;
  const confidants = Confidants.parse(parseJson(String(members.get('confidants') ?? '[]')));
  const stash = mine.equals(NULL) ? undefined : readStash(mine);
  if (stash === 'malformed') return undefined;
  return { stash, confidants: confidants.flatMap((entry) => confidantOf(entry)) };
}

const NULL = Buffer.from('null');

function readStash(bytes: Buffer): HeldStash | 'malformed' | undefined {
  const members = readMembers(new JsonCursor(bytes));
  const document = members.get('data');
  const timestamp = Number(members.get('timestamp')?.toString());
  if (document === undefined || !Number.isSafeInteger(timestamp)) return 'malformed';
  return document.equals(NULL) ? undefined : { timestamp, document: Buffer.from(document) };
}

function confidantOf(entry: unknown): StashStatus['confidants'] {
  const { data } = Confidant.safeParse(entry);
  return data === undefined ? [] : [{ name: data.name || data.id, isOnline: data.online }];
}

/** The members of the object that comes, by key, each value as its bytes. A server writes no key twice. */
function readMembers(cursor: JsonCursor): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  for (let isThere = cursor.openObject(); isThere; isThere = cursor.anotherMember()) {
    if (cursor.peek() !== QUOTE) cursor.fail();
    cursor.key();
    const key = cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
    if (members.has(key)) cursor.fail();
    cursor.peek();
    const start = cursor.pos;
    cursor.skip();
    members.set(key, cursor.bytes.subarray(start, cursor.pos));
  }
  return members;
}
