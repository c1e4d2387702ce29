import { eventBytes, type EventView } from '../event/event-view.ts';
import type { RunOrigin } from './run.ts';

/** One spelling of an event, and who holds it. */
export interface Copy {
  readonly event: EventView;
  /** Labels of the sources that gave it. */
  readonly givenBy: Set<string>;
  /** Distinct proven peer keys among them. */
  readonly holders: Set<string>;
}

/** All copies of one event, as they come together in a group of the merge: equal bytes are one copy. */
export class Copies {
  /** Copies that sources gave; those of `known` origins are not kept. */
  readonly distinct: Copy[] = [];
  isKnown = false;
  given = 0;
  /** By text, once there are several: so that ten thousand spellings are no ten thousand comparisons each. */
  #byText: Map<string, Copy> | undefined;

  add(event: EventView, origin: RunOrigin): void {
    if (origin.role === 'known') {
      this.isKnown = true;
      return;
    }
    this.given++;
    const copy = this.#find(event) ?? this.#keep(event);
    copy.givenBy.add(origin.label);
    if (origin.holder !== undefined) copy.holders.add(origin.holder);
  }

  #find(event: EventView): Copy | undefined {
    const first = this.distinct[0];
    if (first === undefined || isSameText(first.event, event)) return first;
    this.#byText ??= new Map([[textOf(first.event), first]]);
    return this.#byText.get(textOf(event));
  }

  #keep(event: EventView): Copy {
    const copy = { event, givenBy: new Set<string>(), holders: new Set<string>() };
    this.distinct.push(copy);
    this.#byText?.set(textOf(event), copy);
    return copy;
  }
}

/** An event's bytes as a string, one character a byte: for keys of maps. */
export function textOf(event: EventView): string {
  return eventBytes(event).toString('latin1');
}

function isSameText(a: EventView, b: EventView): boolean {
  return (
    a.end - a.start === b.end - b.start && a.source.compare(b.source, b.start, b.end, a.start, a.end) === 0
  );
}
