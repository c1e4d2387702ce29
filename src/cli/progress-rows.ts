import { printable } from './printable.ts';
import {
  columnsOf,
  cutToColumns,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatSpeed,
  remainingMs,
} from './progress-format.ts';

export interface PeerProgress {
  /** As the peer or the user has it: it is made printable here. */
  readonly name: string;
  readonly state: 'waiting' | 'active' | 'done' | 'incomplete' | 'failed';
  readonly events: number;
  readonly bytes: number;
}

/** How far a job is. All counts are from the start on. */
export interface ProgressSnapshot {
  /** What is being done, one or two words. */
  readonly label: string;
  readonly events: number;
  /** What is counted instead, where it is not events. */
  readonly unit?: 'pages';
  readonly bytes: number;
  /** Where it can be known: gives the ETA. */
  readonly totalEvents?: number;
  readonly perPeer: readonly PeerProgress[];
  readonly startedMs: number;
  readonly nowMs: number;
}

const BAR_COLUMNS = 20;
const GAP = '  ';
const STATES = ['active', 'waiting', 'done', 'incomplete', 'failed'] as const;

/** The facts about the whole, most important first. */
export function overallFields(snapshot: ProgressSnapshot): string[] {
  const { events, unit = 'events', bytes, totalEvents, perPeer } = snapshot;
  const elapsedMs = snapshot.nowMs - snapshot.startedMs;
  // Of what is only waited for there is nothing else to say.
  if (events + bytes + perPeer.length === 0 && totalEvents === undefined) return [formatDuration(elapsedMs)];
  const leftMs = remainingMs(events, totalEvents, elapsedMs);
  const done = perPeer.filter((peer) => peer.state !== 'waiting' && peer.state !== 'active').length;
  return [
    `${formatCount(events)} ${unit}`,
    ...(perPeer.length > 0 ? [`${done}/${perPeer.length} peers`] : []),
    ...(leftMs === undefined ? [] : [`ETA ${formatDuration(leftMs)}`]),
    ...(unit === 'events' ? [formatRate(events, elapsedMs)] : []),
    // Pages are of one size: their number says it all.
    ...(unit === 'pages' ? [] : [formatSpeed(bytes, elapsedMs), formatBytes(bytes)]),
    formatDuration(elapsedMs),
  ];
}

/** How much of the whole is done, 0 to 1: by events where their number is known, else by peers. */
export function doneFraction({ events, totalEvents, perPeer }: ProgressSnapshot): number | undefined {
  if (totalEvents !== undefined && totalEvents > 0) return Math.min(1, events / totalEvents);
  const done = perPeer.filter((peer) => peer.state !== 'waiting' && peer.state !== 'active').length;
  return perPeer.length === 0 ? undefined : done / perPeer.length;
}

/**
 * The display as rows of text: the whole, then a row per peer as long as `maxRows` allows, those at work first, the
 * others summed up in the last row. No row needs more than `columns`; `drawBar` draws a fraction into 20 columns.
 */
export function progressRows(
  snapshot: ProgressSnapshot,
  columns: number,
  maxRows: number,
  drawBar: (fraction: number, columns: number) => string,
): string[] {
  const fraction = doneFraction(snapshot);
  const bar = fraction === undefined ? [] : [`[${drawBar(fraction, BAR_COLUMNS)}]`];
  const whole = joinFitting([snapshot.label, ...overallFields(snapshot)], bar, columns);

  const peers = [...snapshot.perPeer].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const room = Math.max(0, maxRows - 1);
  const shown = peers.length <= room ? peers : peers.slice(0, Math.max(0, room - 1));
  const rest = peers.slice(shown.length);
  return [
    whole,
    ...shown.map((peer) => peerRow(peer, columns)),
    ...(rest.length > 0 && room > 0 ? [restRow(rest, columns)] : []),
  ];
}

function peerRow(peer: PeerProgress, columns: number): string {
  const facts = joinFitting(
    [peer.state.padEnd(10), `${formatCount(peer.events)} events`, formatBytes(peer.bytes)],
    [],
    columns - 12,
  );
  const nameColumns = Math.min(24, columns - columnsOf(facts) - 4);
  const name = cutToColumns(printable(peer.name), nameColumns);
  return cutToColumns(
    `  ${name}${' '.repeat(Math.max(0, nameColumns - columnsOf(name)))}${GAP}${facts}`,
    columns,
  );
}

function restRow(rest: readonly PeerProgress[], columns: number): string {
  const counts = STATES.map((state) => [rest.filter((peer) => peer.state === state).length, state] as const);
  const parts = counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`);
  return cutToColumns(`  and ${rest.length} more: ${parts.join(', ')}`, columns);
}

/** As many of the fields, in order, as fit; `extras` stand behind the first, if there is room after all others. */
function joinFitting(fields: readonly string[], extras: readonly string[], columns: number): string {
  const fitting: string[] = [];
  let left = columns + GAP.length;
  for (const field of fields) {
    left -= columnsOf(field) + GAP.length;
    if (left < 0) break;
    fitting.push(field);
  }
  if (fitting.length === 0) return cutToColumns(fields[0] ?? '', columns);
  const extraColumns = extras.reduce((sum, extra) => sum + columnsOf(extra) + GAP.length, 0);
  if (left >= extraColumns) fitting.splice(1, 0, ...extras);
  return fitting.join(GAP);
}
