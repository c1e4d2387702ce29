import type { EventView } from './event-view.ts';

const LINE_FEED = 0x0a;

/** Events as lines, each with its end. */
export function joinLines(events: readonly EventView[]): Buffer {
  const size = events.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  const lines = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { source, start, end } of events) {
    at += source.copy(lines, at, start, end);
    lines[at++] = LINE_FEED;
  }
  return lines;
}
