import { readdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { HeldOutput } from '../../src/managed/held-output.ts';
import { newFolder } from './authority.ts';

test.each([
  ['nothing', []],
  ['a little', [1, 2, 3]],
  ['as much as is held', [4 << 20, 4 << 20]],
  ['more', [4 << 20, 4 << 20, 1, 100]],
  ['much more', [9 << 20, 1000, 17 << 20, 5]],
])('%s comes out as it went in', (_title, sizes) => {
  const folder = newFolder();
  const output = new HeldOutput(folder);
  const parts = sizes.map((size) => randomBytes(size));
  for (const part of parts) output.append(part);
  const pieces = Array.from(output.pieces(), (piece) => Buffer.from(piece));
  expect(Buffer.concat(pieces).equals(Buffer.concat(parts))).toBe(true);
  expect(pieces.every((piece) => piece.length > 0 && piece.length <= 8 << 20)).toBe(true);
  output.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('beyond 8 MiB it needs a folder', () => {
  const output = new HeldOutput('/nowhere/at/all');
  output.append(Buffer.alloc(8 << 20));
  expect(() => {
    output.append(Buffer.alloc(1));
  }).toThrow(expect.objectContaining({ code: 'TEMPORARY_FILE' }) as Error);
  output.close();
});
