import { readLine, type EventView } from '../../src/event/event-view.ts';
import type { Run, RunOrigin } from '../../src/merge/run.ts';
import { RunPool } from '../../src/merge/run-pool.ts';

/** The view of a line. */
export function viewOf(line: string): EventView {
  const event = readLine(Buffer.from(line));
  if (event === undefined) throw new Error(`no JSON: ${line}`);
  return event;
}

/** The runs that a source makes of these lines, in a pool that is theirs alone: one, if they fit into memory. */
export function runsOf(
  lines: readonly string[],
  origin: Partial<RunOrigin> = {},
  pool = new RunPool(),
): readonly Run[] {
  fill(pool, lines, origin);
  return pool.finish();
}

/** Gives a pool the lines of a source. */
export function fill(pool: RunPool, lines: readonly string[], origin: Partial<RunOrigin> = {}): void {
  const builder = pool.builder({ label: 'peer', holder: undefined, role: 'source', ...origin });
  for (const line of lines) {
    builder.add(viewOf(line));
    pool.relieve();
  }
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
