import { isUtf8 } from 'node:buffer';
import { MeshBackupError } from '../errors.ts';
import { END, JsonCursor, NotJson } from '../event/json-cursor.ts';

/** What is given to a nara. No document of a nara is nearly as large. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** What is read from one: Go writes six bytes for `<`, so what a nara gives back may be that much longer. */
export const MAX_HELD_BYTES = 6 * MAX_DOCUMENT_BYTES;

const BOM = Buffer.from('\ufeff');

/** The bytes without the BOM that some editors put in front. */
export function withoutBom(file: Buffer): Buffer {
  return file.subarray(0, BOM.length).equals(BOM) ? file.subarray(BOM.length) : file;
}

/**
 * The JSON document in a file: its very bytes, without the blanks (and the BOM) around it. Throws `STASH_FORMAT`; the
 * message shows nothing of it.
 */
export function parseDocument(file: Buffer): Buffer {
  if (file.length > MAX_HELD_BYTES) throw noDocument(`is longer than ${MAX_HELD_BYTES} bytes`);
  if (!isUtf8(file)) throw noDocument('is no UTF-8');
  const cursor = new JsonCursor(file, file.length - withoutBom(file).length);
  try {
    if (cursor.peek() === END) throw noDocument('is empty');
    const start = cursor.pos;
    cursor.skip();
    const end = cursor.pos;
    if (cursor.peek() !== END) cursor.fail();
    return file.subarray(start, end);
  } catch (error) {
    if (error instanceof NotJson) throw noDocument(`is no JSON at byte ${error.position}`);
    throw error;
  }
}

function noDocument(why: string): MeshBackupError {
  return new MeshBackupError('STASH_FORMAT', `What was given ${why}.`, {
    hint: 'Want the one JSON document that a nara is to keep.',
  });
}
