import { expect, test } from 'vitest';
import { readLine } from '../../src/event/event-view.ts';
import { deriveKeypair } from '../../src/identity/keypair.ts';
import { parseSoul } from '../../src/identity/soul.ts';
import { importContent, sealImport } from '../../src/restore/import-body.ts';
import { readVectors } from '../fixtures.ts';

const VECTORS = readVectors('import.json') as {
  body: string;
  ids: string;
  soul: string;
  unix_s: number;
  sig: string;
}[];

/** The event of each body, as their own bytes. */
function eventsOf(body: string): { id: string; bytes: Buffer }[] {
  const list = /^\{"events":(?:null|\[(.*)\]),"ts":/.exec(body)?.[1] ?? '';
  const lines = list === '' ? [] : list.split(/(?<=\}\}),(?=\{"id")/);
  return lines.map((line) => ({ id: readLine(Buffer.from(line))!.id, bytes: Buffer.from(line) }));
}

test.each(VECTORS)('$ids: the body that real nara code makes', ({ body, ids, soul, unix_s: unixSeconds }) => {
  const content = importContent(eventsOf(body));
  expect(content.ids).toBe(ids);
  const sealed = sealImport(content, unixSeconds, deriveKeypair(parseSoul(soul))).toString();
  // Go's tool says null for none; servers take both, and the signature is the same.
  expect(sealed).toBe(body.replace('"events":null', '"events":[]'));
});

test('the vectors hold none, one and several events', () => {
  expect(VECTORS.map(({ body }) => eventsOf(body).length)).toEqual([0, 1, 3]);
});
