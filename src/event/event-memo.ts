import { EventArena } from './event-arena.ts';
import { copyEvent, moveEvent, type EventView } from './event-view.ts';
import { EventScanner } from './scanner.ts';

/** An event that was seen, and the one that followed it. */
interface Link {
  readonly event: EventView;
  readonly turn: number;
  next: Link | undefined;
  /** Whether it stands in a row of others. */
  isLinked: boolean;
}

/** What an event costs beside its bytes. */
const LINK_BYTES = 350;
/** So many events that others have, and this one has not, are passed over before it is scanned. */
const MAX_PASSED = 8;
const OPEN_OBJECT = 0x7b;

/**
 * Remembers events, so that what many peers give is looked at once: the same bytes are the same view, in memory of its
 * own. Peers give much the same events in much the same order, so where one follows another it is likely to do so again,
 * and bytes that equal a known object's ARE that object: it ends itself.
 *
 * What was remembered is forgotten with `turn`; views that were made before stay good until the turn after that.
 */
export class EventMemo {
  readonly #arena = new EventArena();
  /** By the ID that the content deserves; of several spellings the first. */
  #links = new Map<string, Link>();
  #scanner: EventScanner | undefined;
  #count = 0;
  #turn = 0;

  /** What is remembered, in bytes of memory, roughly. */
  get bytes(): number {
    return this.#arena.bytes + this.#count * LINK_BYTES;
  }

  /** A reader of one text after another of the same source. */
  track(): EventTrack {
    return new EventTrack(this);
  }

  /** The view that stands for an event with these bytes: itself, if it is one of ours. */
  remember(event: EventView): EventView {
    return this.#arena.holds(event.source) ? event : this.link(event).event;
  }

  /** For tracks: the event among its like. */
  link(event: EventView): Link {
    const known = this.#links.get(event.computedId);
    if (known !== undefined && isSame(known.event, event.source, event.start, event.end)) return known;
    const { chunk, start } = this.#arena.copy(event.source, event.start, event.end);
    if (this.#scanner?.bytes !== chunk) this.#scanner = new EventScanner(chunk);
    const link = {
      event: moveEvent(event, this.#scanner, start),
      turn: this.#turn,
      next: undefined,
      isLinked: false,
    };
    this.#count++;
    if (known === undefined) this.#links.set(link.event.computedId, link);
    return link;
  }

  /** For tracks: whether it is remembered still. */
  isFresh(link: Link): boolean {
    return link.turn === this.#turn;
  }

  /** Forgets all. */
  turn(): void {
    this.#arena.turn();
    this.#links = new Map();
    this.#scanner = undefined;
    this.#count = 0;
    this.#turn++;
  }
}

/** Where one source stands among the events that are remembered. */
export class EventTrack {
  readonly #memo: EventMemo;
  #last: Link | undefined;

  constructor(memo: EventMemo) {
    this.#memo = memo;
  }

  /** The event whose bytes begin there, if it is one that may well come now; `undefined`: it has to be scanned. */
  guess(text: Buffer, at: number): EventView | undefined {
    if (this.#last === undefined || !this.#memo.isFresh(this.#last)) return undefined;
    let link = this.#last.next;
    for (let passed = 0; link !== undefined && passed < MAX_PASSED; passed++) {
      const { event } = link;
      if (isSame(event, text, at, at + event.end - event.start)) {
        this.#last = link;
        return event;
      }
      link = link.next;
    }
    return undefined;
  }

  /** Takes an event that was scanned, and returns the view that stands for it: its own bytes need not stay. */
  add(event: EventView): EventView {
    if (event.source[event.start] !== OPEN_OBJECT) return copyEvent(event); // it does not end itself
    const link = this.#memo.link(event);
    const last = this.#last;
    if (!link.isLinked) {
      link.isLinked = true;
      if (last !== undefined && this.#memo.isFresh(last)) {
        link.next = last.next;
        last.next = link;
      }
    }
    this.#last = link;
    return link.event;
  }
}

/** Where IDs begin, in events as servers write them: most others differ there. */
const TELLING = 10;

function isSame(
  { source, start, end }: EventView,
  text: Buffer,
  textStart: number,
  textEnd: number,
): boolean {
  return (
    source[start + TELLING] === text[textStart + TELLING] &&
    source[start + TELLING + 1] === text[textStart + TELLING + 1] &&
    textEnd <= text.length &&
    source.compare(text, textStart, textEnd, start, end) === 0
  );
}
