import type { PeerSurvey } from '../sync/survey-peer.ts';
import { line, styled, type Line, type Style } from './line.ts';
import type { JsonRecord } from './output.ts';
import { printable } from './printable.ts';
import { formatCount, formatDuration } from './progress-format.ts';
import { layOutTable, NOTHING, type Cell, type Column } from './text-table.ts';
import { wrapToWidth } from './text-width.ts';

/** A peer, and since when it is known: a date, where somebody kept one. */
export interface PeerRow {
  readonly survey: PeerSurvey;
  readonly since?: string | undefined;
}

const KEY_CHARACTERS = 8;
const INDENT = '  ';

const COLUMNS: readonly Column<PeerRow>[] = [
  { title: 'NAME', rank: 0, cell: ({ survey }) => ({ text: survey.label, style: 'bold' }) },
  { title: 'ADDRESS', rank: 9, cell: ({ survey }) => ({ text: hostOf(survey.url) }) },
  { title: 'ID', rank: 11, cell: ({ survey }) => shortOf(survey.naraId) },
  { title: 'KEY', rank: 8, cell: ({ survey }) => keyOf(survey) },
  { title: 'SINCE', rank: 10, cell: ({ since }) => told(since) },
  { title: 'PING', rank: 4, align: 'right', cell: ({ survey }) => told(latencyOf(survey)) },
  { title: 'CLOCK', rank: 5, align: 'right', cell: ({ survey }) => clockOf(survey) },
  { title: 'MODE', rank: 7, cell: ({ survey }) => told(survey.mode) },
  { title: 'EVENTS', rank: 2, align: 'right', cell: ({ survey }) => told(eventsOf(survey)) },
  { title: 'OLDEST', rank: 6, cell: ({ survey }) => told(minuteOf(survey.firstTsNs)?.slice(0, 10)) },
  { title: 'NEWEST', rank: 3, cell: ({ survey }) => told(minuteOf(survey.lastTsNs)) },
  { title: 'ACCESS', rank: 1, cell: ({ survey }) => accessOf(survey) },
];

/** The peers as a table for a terminal of so many columns, what is wrong with each below it, and the sum of it all. */
export function peersTable(rows: readonly PeerRow[], columns: number): Line[] {
  if (rows.length === 0) return [];
  const [head, ...lines] = layOutTable(COLUMNS, rows, columns);
  const hints = new Set(rows.flatMap(({ survey }) => survey.trouble?.hint ?? []));
  return [
    head!,
    ...rows.flatMap((row, number) => [lines[number]!, ...notesOf(row.survey, columns)]),
    ...[...hints].flatMap((hint) => note(hint, columns, '→ ')),
    styled('bold', line`${sumOf(rows)}`),
  ];
}

/** One peer for scripts. Times are decimal strings of unix nanoseconds. */
export function surveyRecord({ survey, since }: PeerRow): JsonRecord {
  const { label, latencyMs, clockOffsetMs, firstTsNs, lastTsNs, trouble, ...rest } = survey;
  return {
    type: 'peer',
    name: label,
    ...rest,
    latencyMs: latencyMs && Math.round(latencyMs * 10) / 10,
    clockOffsetMs: clockOffsetMs && Math.round(clockOffsetMs),
    since,
    firstTs: firstTsNs,
    lastTs: lastTsNs,
    trouble: trouble && { code: trouble.code, message: trouble.message, hint: trouble.hint },
  };
}

/** How many let us in, refuse us, and so on, for people and for scripts. */
export function countAccess(rows: readonly PeerRow[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { survey } of rows) {
    const { access } = judgeAccess(survey);
    counts.set(access, (counts.get(access) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

type Access = 'letIn' | 'refused' | 'silent' | 'failed' | 'notAsked';

const ACCESS: Readonly<
  Record<Access, { readonly word: string; readonly sum: string; readonly style: Style }>
> = {
  letIn: { word: 'yes', sum: 'let us in', style: 'green' },
  refused: { word: 'no', sum: 'refused', style: 'red' },
  silent: { word: 'silent', sum: 'silent', style: 'red' },
  failed: { word: 'failed', sum: 'failed', style: 'red' },
  notAsked: { word: 'not asked', sum: 'not asked for events', style: 'dim' },
};

function judgeAccess({ letsUsIn, trouble }: PeerSurvey): { readonly access: Access } {
  if (trouble === undefined) return { access: letsUsIn === true ? 'letIn' : 'notAsked' };
  if (letsUsIn === false) return { access: 'refused' };
  return { access: trouble.exitStatus === 14 ? 'silent' : 'failed' };
}

function accessOf(survey: PeerSurvey): Cell {
  const { word, style } = ACCESS[judgeAccess(survey).access];
  return { text: word, style };
}

function sumOf(rows: readonly PeerRow[]): string {
  const parts = Object.entries(countAccess(rows)).map(
    ([access, count]) => `${count} ${ACCESS[access as Access].sum}`,
  );
  return `${rows.length} ${rows.length === 1 ? 'peer' : 'peers'}: ${parts.join(', ')}`;
}

function notesOf({ url, trouble, warnings }: PeerSurvey, columns: number): Line[] {
  const why = trouble && `${url}: ${trouble.message} (${trouble.code})`;
  return [
    ...(why === undefined ? [] : note(why, columns).map((text) => styled('red', text))),
    ...warnings.flatMap((warning) => note(warning, columns)).map((text) => styled('yellow', text)),
  ];
}

/** The same signs on each line, so that a redraw knows how many there are. */
function note(text: string, columns: number, sign = ''): Line[] {
  const width = Math.max(1, columns - INDENT.length - sign.length);
  return wrapToWidth(`${sign}${printable(text, 1000)}`, width).map((part) => line`${INDENT}${part}`);
}

function told(text: string | undefined): Cell {
  return text === undefined || text === '' ? NOTHING : { text };
}

function shortOf(text: string | undefined): Cell {
  return told(text?.slice(0, KEY_CHARACTERS));
}

/** A key that nothing was signed with is a claim. */
function keyOf({ publicKey, isProven }: PeerSurvey): Cell {
  if (publicKey === undefined) return NOTHING;
  return { text: publicKey.slice(0, KEY_CHARACTERS) + (isProven ? '' : '?') };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function latencyOf({ latencyMs }: PeerSurvey): string | undefined {
  if (latencyMs === undefined) return undefined;
  return latencyMs < 10 ? `${latencyMs.toFixed(1)} ms` : `${Math.round(latencyMs)} ms`;
}

function clockOf({ clockOffsetMs }: PeerSurvey): Cell {
  if (clockOffsetMs === undefined) return NOTHING;
  const offMs = Math.abs(clockOffsetMs);
  return {
    text: formatClockOffset(clockOffsetMs),
    style: offMs > 30_000 ? 'red' : offMs > 10_000 ? 'yellow' : undefined,
  };
}

/** What a clock is ahead of ours: `+12 ms`, `-3.1 s`, `+2h03m`. */
export function formatClockOffset(offsetMs: number): string {
  const offMs = Math.abs(offsetMs);
  if (offMs < 0.5) return '0 ms';
  const sign = offsetMs < 0 ? '-' : '+';
  if (offMs < 999.5) return `${sign}${Math.round(offMs)} ms`;
  return sign + (offMs < 99_950 ? `${(offMs / 1000).toFixed(1)} s` : formatDuration(offMs));
}

function eventsOf({ events, isExact }: PeerSurvey): string | undefined {
  return events === undefined ? undefined : `${isExact ? '' : '≈'}${formatCount(events)}`;
}

/** In UTC; `undefined` for what no date can say. */
function minuteOf(tsNs: bigint | undefined): string | undefined {
  if (tsNs === undefined) return undefined;
  const date = new Date(Number(tsNs / 1_000_000n));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 16).replace('T', ' ');
}
