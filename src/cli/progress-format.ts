/** `1,234,567`: the same in every locale, so that logs of two machines compare. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `999 B`, `1.5 MB`, `12 GB`: decimal units, two digits at least. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]!}`;
}

/** `0s`, `59s`, `1m05s`, `2h03m`, `3d04h`; `?` for what is no length of time. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '?';
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => Math.floor(value).toString().padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h`;
}

/** `12,345 events/s`; nothing is known of no time at all. */
export function formatRate(events: number, elapsedMs: number): string {
  return `${elapsedMs > 0 ? formatCount((events * 1000) / elapsedMs) : '?'} events/s`;
}

/** `4.5 MB/s`. */
export function formatSpeed(bytes: number, elapsedMs: number): string {
  return `${elapsedMs > 0 ? formatBytes((bytes * 1000) / elapsedMs) : '?'}/s`;
}

/** How long the rest takes if it goes on like this; `undefined` where that cannot be known. */
export function remainingMs(done: number, total: number | undefined, elapsedMs: number): number | undefined {
  if (total === undefined || done <= 0 || elapsedMs <= 0) return undefined;
  return total <= done ? 0 : (elapsedMs * (total - done)) / done;
}

/**
 * Columns that a text may need on a terminal: two for whatever is not ASCII. That is too much for most of it and never
 * too little, and a line that is a bit short does no harm, while one that wraps smears the display.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += character <= '~' ? 1 : 2;
  return columns;
}

/** The beginning of a text that needs no more than so many columns, with `…` where something is cut off. */
export function cutToColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let cut = '';
  let left = columns - columnsOf('…');
  for (const character of text) {
    left -= columnsOf(character);
    if (left < 0) break;
    cut += character;
  }
  return columns < columnsOf('…') ? '' : `${cut}…`;
}
