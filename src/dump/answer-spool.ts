import type { KeptAnswer } from '../evidence/evidence-file.ts';
import type { Extent } from '../merge/blocks.ts';
import { Spool } from '../merge/spool.ts';
import { timeSpan, type TimeSpan } from '../sync/time-span.ts';
import type { SignedAnswer } from '../sync/walk-options.ts';

/** So much is kept aside; answers beyond it are not looked at again. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** An answer that lies in the spool. */
export interface SpooledAnswer extends Omit<KeptAnswer, 'body'> {
  readonly extent: Extent;
  readonly span: TimeSpan;
}

/** The signed answers of a dump, in a private file, until the merge has shown what is missing in them. */
export class AnswerSpool {
  readonly #folder: string;
  readonly #answers = new Map<string, SpooledAnswer[]>();
  #spool: Spool | undefined;
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  add({ key, headers, body, answer, request }: SignedAnswer): void {
    const span = timeSpan(answer.events);
    if (span === undefined || this.#bytes + body.length > MAX_BYTES) return;
    this.#bytes += body.length;
    this.#spool ??= new Spool(this.#folder);
    const kept = { key: key.text, headers, request, span, extent: this.#spool.append(body) };
    const ofKey = this.#answers.get(key.text);
    if (ofKey === undefined) this.#answers.set(key.text, [kept]);
    else ofKey.push(kept);
  }

  /** Answers of a key that may hold events of this time. */
  find(key: string, tsNs: bigint): SpooledAnswer[] {
    const ofKey = this.#answers.get(key) ?? [];
    return ofKey.filter(({ span }) => span.oldestNs <= tsNs && tsNs <= span.newestNs);
  }

  /** Throws `TEMPORARY_FILE`. */
  read({ extent: { start, end } }: SpooledAnswer): Buffer {
    const body = Buffer.allocUnsafeSlow(end - start);
    for (let at = start; at < end;) {
      const length = this.#spool!.read(body.subarray(at - start), at, end);
      if (length === 0) break; // then its signature is false, and says so
      at += length;
    }
    return body;
  }

  close(): void {
    this.#spool?.close();
  }
}
