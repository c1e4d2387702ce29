import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { LENGTH_BYTES, RecordStore } from '../merge/record-store.ts';
import { Spool } from '../merge/spool.ts';
import { emptyDiffCounts, type DiffCounts, type DiffKind } from './diff-counts.ts';
import type { DiffLine } from './diff-options.ts';

type Side = 'a' | 'b';

/** So many different ones are compared: 100 bytes of memory each. */
const MAX_DIGESTS = 100_000;
/** A record, behind its length: the side (byte), the line. */
const HEAD_BYTES = LENGTH_BYTES + 1;
const KINDS = { a: 'onlyA', b: 'onlyB' } as const;

/** Lines that hold no event: two backups have the same where the bytes are the same. */
export class BrokenLines {
  /** Those that were too many to be compared. */
  uncompared = 0;
  readonly #sides = new Map<string, Side | 'both'>();
  /** The lines themselves, where somebody wants to see them. */
  readonly #records: RecordStore | undefined;
  #spool: Spool | undefined;

  constructor(isWanted: boolean) {
    if (isWanted) this.#records = new RecordStore(() => (this.#spool ??= new Spool(tmpdir())));
  }

  /** Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  add(side: Side, line: Buffer): void {
    const digest = digestOf(line);
    const known = this.#sides.get(digest);
    if (known === side || known === 'both') return;
    if (known === undefined && this.#sides.size >= MAX_DIGESTS) {
      this.uncompared++;
      return;
    }
    this.#sides.set(digest, known === undefined ? side : 'both');
    if (this.#records === undefined || known !== undefined) return;
    const { block, at } = this.#records.begin(HEAD_BYTES + line.length);
    line.copy(block, block.writeUInt8(Number(side === 'b'), at));
  }

  counts(): DiffCounts {
    const counts = emptyDiffCounts();
    for (const side of this.#sides.values()) counts[side === 'both' ? 'same' : KINDS[side]]++;
    return counts;
  }

  /** Those that one side alone has, once each. Throws as `add` does. */
  *lines(wanted: ReadonlySet<DiffKind>): Generator<DiffLine, void, undefined> {
    this.#records?.flush();
    for (const block of this.#records?.blocks() ?? []) {
      for (let at = 0; at < block.length;) {
        const end = at + block.readUInt32LE(at);
        const side = block[at + LENGTH_BYTES] === 1 ? 'b' : 'a';
        const bytes = block.subarray(at + HEAD_BYTES, end);
        at = end;
        const kind = KINDS[side];
        if (wanted.has(kind) && this.#sides.get(digestOf(bytes)) === side) {
          yield { kind, side, event: undefined, bytes };
        }
      }
    }
  }

  close(): void {
    this.#spool?.close();
  }
}

function digestOf(line: Buffer): string {
  return createHash('sha256').update(line).digest('base64');
}
