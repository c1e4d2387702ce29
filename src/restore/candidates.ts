import { eventBytes, type EventView } from '../event/event-view.ts';
import { LENGTH_BYTES, RecordStore } from '../merge/record-store.ts';
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

/** A record, behind its length: group and length of the ID (uint32), `ts` (int64), kind (byte), the ID, the event. */
const HEAD_BYTES = LENGTH_BYTES + 17;

/**
 * The events that may be sent, oldest first, in a private temporary file: they are looked at several times (for the
 * limits, for sending, for what arrived), and memory does not grow with them.
 */
export class Candidates {
  /** What shares a limit, by number from 1 on. */
  readonly groups: (LimitGroup | undefined)[] = [undefined];
  readonly #groupNumbers = new Map<string, number>();
  readonly #checkpointed = new Set<string>();
  readonly #records: RecordStore;
  #spool: Spool | undefined;

  constructor(folder: string) {
    this.#records = new RecordStore(() => (this.#spool ??= new Spool(folder)));
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
    const { block, at: start } = this.#records.begin(HEAD_BYTES + id.length + bytes.length);
    let at = block.writeUInt32LE(this.#groupNumber(limitGroup(event)), start);
    at = block.writeUInt32LE(id.length, at);
    at = block.writeBigInt64LE(event.tsNs, at);
    at = block.writeUInt8(kindOf(payload), at);
    at += id.copy(block, at);
    bytes.copy(block, at);
  }

  /** To be called when all are added. Throws as `add` does. */
  flush(): void {
    this.#records.flush();
  }

  /** All of them, oldest first; as often as anybody likes. Reading blocks. Throws `TEMPORARY_FILE`. */
  *read(): Generator<Candidate, void, undefined> {
    for (const block of this.#records.blocks()) {
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
