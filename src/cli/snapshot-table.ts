import type { ListedFile } from '../snapshot/list-snapshots.ts';
import type { Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatBytes } from './progress-format.ts';
import { snapshotRecord } from './snapshot-report.ts';
import { layOutTable, NOTHING, type Cell, type Column } from './text-table.ts';

/** A snapshot's own names are longer than most. */
const FILE_COLUMNS = 64;

const COLUMNS: readonly Column<ListedFile>[] = [
  {
    title: 'CREATED',
    rank: 2,
    cell: ({ snapshot }) => (snapshot ? { text: snapshot.manifest.createdAt.slice(0, 19) } : NOTHING),
  },
  { title: 'VERDICT', rank: 1, cell: verdictCell },
  { title: 'SIZE', rank: 4, align: 'right', cell: ({ bytes }) => ({ text: formatBytes(bytes) }) },
  { title: 'KEY', rank: 3, cell: ({ snapshot }) => toldCell(snapshot?.manifest.signerKey.slice(0, 8)) },
  { title: 'NODE', rank: 5, cell: ({ snapshot }) => toldCell(snapshot?.manifest.nodeId.slice(-8)) },
  { title: 'FILE', rank: 0, widest: FILE_COLUMNS, cell: ({ name }) => ({ text: name }) },
];

const TRUSTED = {
  'trusted-keys': 'trusted',
  'own-key': 'own key',
  'own-word': 'whole',
  nothing: '',
} as const;

/** The files as a table for a terminal of so many columns. */
export function listedTable(files: readonly ListedFile[], columns: number): Line[] {
  return files.length === 0 ? [] : layOutTable(COLUMNS, files, columns);
}

/** One file for scripts. */
export function listedRecord({ name, kind, bytes, snapshot, failure }: ListedFile): JsonRecord {
  const { type, ...fields } = snapshotRecord({ file: name, verified: snapshot, error: failure });
  return { type, kind, ...fields, bytes };
}

function verdictCell({ kind, snapshot, failure }: ListedFile): Cell {
  if (snapshot !== undefined) return { text: TRUSTED[snapshot.trust.by], style: 'green' };
  if (kind === 'other') return { text: 'no snapshot', style: 'dim' };
  return { text: (failure?.code ?? '').toLowerCase(), style: 'red' };
}

function toldCell(text: string | undefined): Cell {
  return text === undefined || text === '' ? NOTHING : { text };
}
