import { readEvent } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import { scanLine } from '../event/scanner.ts';
import { readLines } from '../jsonl/read-lines.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';

/** What a file of `-ids-from` has already. */
export interface KnownEvents {
  readonly runs: readonly Run[];
  /** Lines that hold no event that could be proven: they suppress nothing. */
  readonly damaged: number;
  /** Its last line lacks its end: what is appended needs a line feed first. */
  readonly endsTorn: boolean;
}

/**
 * Reads a backup as a run of known events. Known means proven: copies whose ID fits count by their ID, all others by
 * their very bytes; its greetings teach keys. A file that is not there holds nothing. Throws `FILE_UNREADABLE`.
 */
export async function readKnownEvents(path: string, keys: KeyRing, pool: RunPool): Promise<KnownEvents> {
  const builder = pool.builder({ label: path, holder: undefined, role: 'known' });
  let damaged = 0;
  let endsTorn = false;
  for await (const lines of readLines(path)) {
    for (const { bytes, isOverlong, isTorn } of lines) {
      endsTorn = isTorn;
      if (isBlank(bytes)) {
        if (isOverlong) damaged++;
        continue;
      }
      const scanner = scanLine(bytes);
      const event = scanner && readEvent(scanner);
      if (event === undefined || proveEvent(event).class === 'hostile') damaged++;
      else {
        keys.learn(event);
        builder.add(event);
      }
    }
  }
  return { runs: builder.finish(), damaged, endsTorn };
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
