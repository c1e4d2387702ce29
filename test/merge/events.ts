import { readEvent, type EventView } from '../../src/event/event-view.ts';
import { scanLine } from '../../src/event/scanner.ts';
import type { Run, RunOrigin } from '../../src/merge/run.ts';
import { RunBuilder } from '../../src/merge/run.ts';

/** The view of a line. */
export function viewOf(line: string): EventView {
  const scanner = scanLine(Buffer.from(line));
  if (scanner === undefined) throw new Error(`no JSON: ${line}`);
  return readEvent(scanner);
}

export function runOf(lines: readonly string[], origin: Partial<RunOrigin> = {}): Run {
  const builder = new RunBuilder();
  for (const line of lines) builder.add(viewOf(line));
  return builder.finish({ label: 'peer', holder: undefined, role: 'source', ...origin });
}

export function linesOf(events: Iterable<EventView>): string[] {
  return Array.from(events, ({ source, start, end }) => source.toString('utf8', start, end));
}

/** Reads a merge to its end. */
export async function drain(batches: AsyncIterable<readonly EventView[]>): Promise<EventView[]> {
  const events: EventView[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}
