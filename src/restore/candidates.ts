import { eventBytes, type EventView } from '../event/event-view.ts';
import { readBlocks, type Extent } from '../merge/blocks.ts';
import { Spool } from '../merge/spool.ts';
import { kindOf, limitGroup, type LimitGroup } from './event-kind.ts';

/** An event that may be sent. */
export interface Candidate {
  /** As the server reads it. */
  readonly id: string;
  /** Unix nanoseconds. */
  readonly tsNs: bigint;
  /** In `EVENT_KINDS`. */
  readonly kind: number;
  /** What it shares a limit with, in `Candidates.groups`; 0: nothing. */
  readonly group: number;
  /** Shared with others; good as long as they are held. */
  readonly bytes: Buffer;
}

/** Of an import's body, with its comma. */
export function bytesInBody({ bytes }: Candidate): number {
  return bytes.length + 1;
}

/** A record: length of the whole, group and length of the ID (uint32), `ts` (int64), kind (byte), the ID, the event. */
const HEAD_BYTES = 21;
const BLOCK_BYTES = 256 * 1024;

/**
 * The events that may be sent, oldest first, in a private temporary file: they are looked at several times (for the
 * limits, for sending, for what arrived), and memory does not grow with them.
 */
export class Candidates {
  /** What shares a limit, by number from 1 on. */
  readonly groups: (LimitGroup | undefined)[] = [undefined];
  readonly #folder: string;
  readonly #groupNumbers = new Map<string, number>();
  readonly #extents: Extent[] = [];
  readonly #checkpointed = new Set<string>();
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  #spool: Spool | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether one of them is a checkpoint about the nara. */
  isCheckpointed(subject: string): boolean {
    return this.#checkpointed.has(subject);
  }

  /** Adds an event with a payload, the newest so far. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  add(event: EventView): void {
    const payload = event.payload!;
    if (payload.svc === 'checkpoint') this.#checkpointed.add(payload.subject);
    const id = Buffer.from(event.id);
    const bytes = eventBytes(event);
    const size = HEAD_BYTES + id.length + bytes.length;
    if (this.#used + size > this.#block.length) this.flush();
    if (size > this.#block.length) this.#block = Buffer.allocUnsafe(size);
    const block = this.#block;
    let at = block.writeUInt32LE(size, this.#used);
    at = block.writeUInt32LE(this.#groupNumber(limitGroup(event)), at);
    at = block.writeUInt32LE(id.length, at);
    at = block.writeBigInt64LE(event.tsNs, at);
    at = block.writeUInt8(kindOf(payload), at);
    at += id.copy(block, at);
    this.#used = at + bytes.copy(block, at);
  }

  /** To be called when all are added. Throws as `add` does. */
  flush(): void {
    if (this.#used === 0) return;
    this.#spool ??= new Spool(this.#folder);
    this.#extents.push(this.#spool.append(this.#block.subarray(0, this.#used)));
    this.#used = 0;
  }

  /** All of them, oldest first; as often as anybody likes. Reading blocks. Throws `TEMPORARY_FILE`. */
  *read(): Generator<Candidate, void, undefined> {
    if (this.#spool === undefined) return;
    const shape = { blockBytes: BLOCK_BYTES, wholeLength: wholeRecords };
    for (const block of readBlocks(this.#spool, this.#extents, shape)) {
      for (let at = 0; at < block.length; at += block.readUInt32LE(at)) yield recordAt(block, at);
    }
  }

  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  #groupNumber(group: LimitGroup | undefined): number {
    if (group === undefined) return 0;
    let number = this.#groupNumbers.get(group.key);
    if (number === undefined) this.#groupNumbers.set(group.key, (number = this.groups.push(group) - 1));
    return number;
  }
}

function recordAt(block: Buffer, at: number): Candidate {
  const idEnd = at + HEAD_BYTES + block.readUInt32LE(at + 8);
  return {
    id: block.toString('utf8', at + HEAD_BYTES, idEnd),
    group: block.readUInt32LE(at + 4),
    tsNs: block.readBigInt64LE(at + 12),
    kind: block.readUInt8(at + 20),
    bytes: block.subarray(idEnd, at + block.readUInt32LE(at)),
  };
}

/** How far the records go that are whole. */
function wholeRecords(block: Buffer): number {
  let at = 0;
  while (at + HEAD_BYTES <= block.length) {
    const next = at + block.readUInt32LE(at);
    if (next > block.length) break;
    at = next;
  }
  return at;
}
