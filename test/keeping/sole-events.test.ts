import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { KeyTable } from '../../src/keeping/key-table.ts';
import { countSoleEvents } from '../../src/keeping/sole-events.ts';
import { sight, textOf } from '../archive/verifying.ts';
import { makeFolder } from './backups.ts';

const { signal } = new AbortController();

const events = (...numbers: number[]): string => textOf(numbers.map((number) => sight('alice', number)));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

async function count(
  kept: readonly (string | Uint8Array)[],
  going: readonly (string | Uint8Array)[],
  maxSlots?: number,
): Promise<number[]> {
  const named = (some: typeof kept, letter: string): [string, string | Uint8Array][] =>
    some.map((content, at) => [`${letter}${at}`, content]);
  const [keptFiles, goingFiles] = [named(kept, 'k'), named(going, 'g')];
  const folder = await makeFolder(Object.fromEntries([...keptFiles, ...goingFiles]));
  const paths = (some: typeof keptFiles): string[] => some.map(([name]) => join(folder, name));
  return countSoleEvents({ kept: paths(keptFiles), going: paths(goingFiles), signal, maxSlots });
}

test('what several files that stay have between them is not missed, whatever the order', async () => {
  expect(await count([events(3, 1), gzipSync(events(4, 2))], [events(1, 2, 3, 4)])).toEqual([0]);
  expect(await count([events(3, 1)], [events(1, 2, 3, 4, 4)])).toEqual([2]);
});

test('of what no file that stays has, the first that is to go is the one that holds it', async () => {
  expect(await count([events(9)], [events(1, 2), events(1, 2, 3), events(3, 9)])).toEqual([2, 1, 0]);
});

test('an event whose ID does not fit is known by its bytes', async () => {
  const [good, bad] = [events(1), events(1).replace('mesh 1', 'mesh 2')];
  expect(await count([good], [bad])).toEqual([1]);
  expect(await count([bad], [good, bad])).toEqual([1, 0]);
  // Copies of one event may be written differently.
  expect(await count([good.replace('{', '{ ')], [good])).toEqual([0]);
});

test('where memory is short, parts are counted one after the other', async () => {
  const files = [
    [events(...range(0, 9000))],
    [events(...range(5, 9003)), events(...range(8999, 9010))],
  ] as const;
  expect(await count(...files)).toEqual([3, 7]);
  expect(await count(...files, 4096)).toEqual([3, 7]);
});

test('a table gives each key out once, and grows until it is full', () => {
  const table = new KeyTable(1 << 13);
  const key = (number: number): Uint32Array => Uint32Array.of(number % 7, number, 0, 0);
  let added = 0;
  while (table.add(key(added), added) === 'added') added++;
  expect(added).toBeGreaterThan(4096);
  expect([table.add(key(3), 9), table.add(key(added), 9)]).toEqual(['there', 'full']);
  for (const number of [0, 3, added - 1])
    expect([table.take(key(number)), table.take(key(number))]).toEqual([number, undefined]);
  expect(table.add(key(3), 9)).toBe('there');
});
