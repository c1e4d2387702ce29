import { line, styled, type Line, type Style } from './line.ts';
import { printable } from './printable.ts';
import { cutToWidth, widthOf } from './text-width.ts';

/** What stands in one place of a table; untrusted like any text. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export interface Column<Row> {
  readonly title: string;
  /** The smaller, the longer it stays when the table has to be narrower. */
  readonly rank: number;
  readonly align?: 'right';
  /** In columns; what is longer is cut. Default 30. */
  readonly widest?: number;
  readonly cell: (row: Row) => Cell;
}

const GAP = '  ';
/** A name may be as long as somebody likes. */
const WIDEST_CELL = 30;

/**
 * The lines of a table, its head first, no wider than `width` as long as its most important column fits. Columns in which
 * nobody has anything are left out, and those of little importance where there is no room.
 */
export function layOutTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): Line[] {
  const filled = columns.flatMap((column) => {
    const cells = rows.map((row) => cut(column.cell(row), column.widest));
    if (cells.every(({ text }) => text === NOTHING.text)) return [];
    return [
      { column, cells, width: Math.max(...[column.title, ...cells.map(({ text }) => text)].map(widthOf)) },
    ];
  });
  const chosen = new Set<(typeof filled)[number]>();
  let left = width + GAP.length;
  for (const one of filled.toSorted((a, b) => a.column.rank - b.column.rank)) {
    if (chosen.size > 0 && one.width + GAP.length > left) continue;
    chosen.add(one);
    left -= one.width + GAP.length;
  }
  const shown = filled.filter((one) => chosen.has(one));
  const put = (cellOf: (one: (typeof filled)[number]) => Cell): Line =>
    shown.reduce(
      (before, one, number) => {
        const isLast = number === shown.length - 1;
        const part = pad(cellOf(one), one.width, one.column.align, isLast);
        return number === 0 ? part : line`${before}${GAP}${part}`;
      },
      line``,
    );
  return [
    styled(
      'bold',
      put(({ column }) => ({ text: column.title })),
    ),
    ...rows.map((_, number) => put(({ cells }) => cells[number]!)),
  ];
}

/** For what is not known. */
export const NOTHING: Cell = { text: '–', style: 'dim' };

function cut({ text, style }: Cell, widest = WIDEST_CELL): Cell {
  return { text: cutToWidth(printable(text, widest), widest), style };
}

function pad({ text, style }: Cell, width: number, align: 'right' | undefined, isLast: boolean): Line {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  const part = style === undefined ? line`${text}` : styled(style, text);
  if (align === 'right') return line`${blanks}${part}`;
  return isLast ? part : line`${part}${blanks}`;
}
