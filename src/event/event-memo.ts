import { EventArena } from './event-arena.ts';
import { copyEvent, moveEvent, type EventView } from './event-view.ts';
import { EventScanner } from './scanner.ts';

/** One spelling of an event, and the others that have its ID. */
interface Spelling {
  readonly event: EventView;
  next: Spelling | undefined;
}

/** What an event costs beside its bytes. */
const SPELLING_BYTES = 350;
/** So many spellings of one event are looked through; nobody but a liar has more. */
const MAX_SPELLINGS = 8;

/**
 * Remembers events, so that what many peers give is looked at once: the same bytes are the same view, in memory of its
 * own. Servers write an event's ID first, and bytes that equal a known object's ARE that object: it ends itself.
 *
 * What was remembered is forgotten with `turn`; views that were made before stay good until the turn after that.
 */
export class EventMemo {
  readonly #arena = new EventArena();
  /** By the ID that the content deserves. */
  #events = new Map<string, Spelling>();
  #scanner: EventScanner | undefined;
  #count = 0;

  /** What is remembered, in bytes of memory, roughly. */
  get bytes(): number {
    return this.#arena.bytes + this.#count * SPELLING_BYTES;
  }

  /** The event whose bytes begin there, if it is known; `undefined`: it has to be scanned. */
  find(text: Buffer, at: number): EventView | undefined {
    if (!beginsWithId(text, at)) return undefined;
    const id = text.toString('latin1', at + ID_START, at + ID_END);
    for (let known = this.#events.get(id); known !== undefined; known = known.next) {
      const { event } = known;
      if (isSame(event, text, at, at + event.end - event.start)) return event;
    }
    return undefined;
  }

  /** The view that stands for an event with these bytes, which need not stay: itself, if it is one of ours. */
  remember(event: EventView): EventView {
    if (this.#arena.holds(event.source)) return event;
    if (event.source[event.start] !== OPEN_OBJECT) return copyEvent(event); // it does not end itself
    const first = this.#events.get(event.computedId);
    let last = first;
    let spellings = 0;
    for (let known = first; known !== undefined; known = known.next, spellings++) {
      if (isSame(known.event, event.source, event.start, event.end)) return known.event;
      last = known;
    }
    const spelling = { event: this.#move(event), next: undefined };
    if (last === undefined) this.#events.set(spelling.event.computedId, spelling);
    else if (spellings < MAX_SPELLINGS) last.next = spelling;
    return spelling.event;
  }

  /** Forgets all. */
  turn(): void {
    this.#arena.turn();
    this.#events = new Map();
    this.#scanner = undefined;
    this.#count = 0;
  }

  #move(event: EventView): EventView {
    const { chunk, start } = this.#arena.copy(event.source, event.start, event.end);
    if (this.#scanner?.bytes !== chunk) this.#scanner = new EventScanner(chunk);
    this.#count++;
    return moveEvent(event, this.#scanner, start);
  }
}

const OPEN_OBJECT = 0x7b;
const QUOTE = 0x22;
/** `{"id":"` and 32 hex digits, as servers begin each event. */
const BEGINNING = Buffer.from('{"id":"');
const ID_START = BEGINNING.length;
const ID_END = ID_START + 32;

function beginsWithId(text: Buffer, at: number): boolean {
  if (text[at + ID_END] !== QUOTE) return false;
  for (let offset = 0; offset < ID_START; offset++) if (text[at + offset] !== BEGINNING[offset]) return false;
  return true;
}

function isSame(
  { source, start, end }: EventView,
  text: Buffer,
  textStart: number,
  textEnd: number,
): boolean {
  return textEnd <= text.length && source.compare(text, textStart, textEnd, start, end) === 0;
}
