import { expect, test } from 'vitest';
import { layOutTable, NOTHING, type Column } from '../../src/cli/text-table.ts';
import { cutToWidth, widthOf, wrapToWidth } from '../../src/cli/text-width.ts';

type Row = Record<string, string>;

function column(title: string, rank: number, align?: 'right'): Column<Row> {
  const cell = (row: Row) => (row[title] === undefined ? NOTHING : { text: row[title] });
  return { title, rank, cell, ...(align && { align }) };
}

const COLUMNS = [column('NAME', 0), column('N', 2, 'right'), column('WHERE', 1)];
const ROWS: Row[] = [
  { NAME: 'bob', N: '1', WHERE: 'there' },
  { NAME: 'wilhelmina', N: '12345' },
];
const render = (rows: Row[], width: number): string[] =>
  layOutTable(COLUMNS, rows, width).map((text) => text.render(false));

test('columns are aligned, in the order given, and what is not known is a dash', () => {
  expect(render(ROWS, 80)).toEqual([
    'NAME            N  WHERE',
    'bob             1  there',
    'wilhelmina  12345  –',
  ]);
});

test('where there is no room the least important columns go, never the first', () => {
  expect(render(ROWS, 23)).toEqual(['NAME        WHERE', 'bob         there', 'wilhelmina  –']);
  expect(render(ROWS, 17)).toEqual(['NAME        WHERE', 'bob         there', 'wilhelmina  –']);
  expect(render(ROWS, 16)).toEqual(['NAME', 'bob', 'wilhelmina']);
  expect(render(ROWS, 1)).toEqual(['NAME', 'bob', 'wilhelmina']);
});

test('a column in which nobody has anything is left out', () => {
  expect(render([{ NAME: 'bob', N: '7' }], 80)).toEqual(['NAME  N', 'bob   7']);
});

test('what a peer says acts on no terminal and widens no table without end', () => {
  const [, row] = render([{ NAME: `\x1b[2J\n${'x'.repeat(100)}`, N: '1' }], 200);
  expect(row).toBe(`\\u{1b}[2J\\n${'x'.repeat(18)}…  1`);
});

test('columns of wide, narrow and combining characters', () => {
  expect(['a', 'é', 'e\u0301', '–', '≈', '漢', '🌸', 'ｆ'].map(widthOf)).toEqual([1, 1, 1, 1, 1, 2, 2, 2]);
  expect(cutToWidth('漢字漢字', 5)).toBe('漢字…');
  expect(cutToWidth('漢字漢字', 8)).toBe('漢字漢字');
});

test('text is wrapped at blanks, and where it has none wherever it must', () => {
  expect(wrapToWidth('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapToWidth('a aaaaaaaaa b', 4)).toEqual(['a', 'aaaa', 'aaaa', 'a b']);
  expect(wrapToWidth('', 4)).toEqual(['']);
  expect(wrapToWidth('漢', 1)).toEqual(['漢']);
});
