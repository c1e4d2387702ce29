import type { EventView } from '../event/event-view.ts';
import { subjectsOf } from '../event/roles.ts';

/** So many names are kept a service; a mesh of more is not split by names. */
const MOST_NAMES = 20_000;
/** Longer ones are no names to ask for. */
const LONGEST_NAME = 200;
/** So many names fit one request. */
const MOST_IN_GROUP = 500;

/** How many events bear which name, as far as they were seen. */
export class NameCounts {
  readonly #counts = new Map<string, number>();
  #hasAll = true;
  #events = 0;

  /** How many events bear a name at all. */
  get events(): number {
    return this.#events;
  }

  add(event: EventView): void {
    const names = subjectsOf(event).filter((name) => name !== '' && name.length <= LONGEST_NAME);
    if (names.length > 0) this.#events++;
    for (const name of names) {
      const count = this.#counts.get(name);
      if (count === undefined && this.#counts.size >= MOST_NAMES) this.#hasAll = false;
      else this.#counts.set(name, (count ?? 0) + 1);
    }
  }

  /** Names in groups of at most so many events each, by what was seen; `undefined` where not all names were kept. */
  groups(mostEvents: number): string[][] | undefined {
    if (!this.#hasAll || this.#counts.size === 0) return undefined;
    const groups: string[][] = [];
    let room = 0;
    for (const [name, count] of this.#counts) {
      const group = groups.at(-1);
      if (group !== undefined && count <= room && group.length < MOST_IN_GROUP) group.push(name);
      else {
        groups.push([name]);
        room = mostEvents;
      }
      room -= count;
    }
    return groups;
  }
}
