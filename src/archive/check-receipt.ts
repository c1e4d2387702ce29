import { plural } from './plural.ts';
import { createHash, type Hash } from 'node:crypto';
import type { ClaimedContent, ClaimedSum, Receipt } from '../receipt/parse-receipt.ts';

/** What a file holds, as far as a receipt speaks of it. */
export interface FoundContent {
  /** Lines that hold an event which is not hostile. */
  readonly events: number;
  readonly firstTsNs: bigint | undefined;
  readonly lastTsNs: bigint | undefined;
}

/** Measures a file's bytes while it is read, for a receipt that speaks of them. */
export class ReceiptCheck {
  readonly #receipt: Receipt;
  readonly #isCompressed: boolean;
  /** The receipt may be one of `-ids-from F >> F`, which speaks of two parts of one file. */
  readonly #mayBeAppended: boolean;
  readonly #raw = new Sum();
  readonly #plain = new Sum();
  /** Of what was there before, and of what `>>` added. */
  readonly #before = new Sum();
  readonly #added = new Sum();

  constructor(receipt: Receipt, isCompressed: boolean) {
    this.#receipt = receipt;
    this.#isCompressed = isCompressed;
    this.#mayBeAppended = receipt.file === null && receipt.before !== null;
  }

  raw(bytes: Buffer): void {
    this.#raw.add(bytes);
    if (!this.#mayBeAppended) return;
    const left = Math.max(0, (this.#receipt.before?.bytes ?? 0) - this.#before.bytes);
    this.#before.add(bytes.subarray(0, left));
    this.#added.add(bytes.subarray(left));
  }

  plain(bytes: Buffer): void {
    if (this.#isCompressed) this.#plain.add(bytes);
  }

  /** Why the receipt does not hold, when all of the file was read; empty where it does. */
  flaws(found: FoundContent): string[] {
    const { output, before } = this.#receipt;
    const flaws = sumFlaws(this.#receipt);
    if (this.#mayBeAppended && before !== null && this.#raw.bytes !== output.bytes) {
      return [...flaws, ...this.#partFlaws(before), ...contentFlaws([before, output], found)];
    }
    return [...flaws, ...this.#wholeFlaws(), ...contentFlaws([output], found)];
  }

  #partFlaws(before: ClaimedContent): string[] {
    return [
      ...differences('what was there before', this.#before, before),
      ...differences('what was added', this.#added, this.#receipt.output),
    ];
  }

  #wholeFlaws(): string[] {
    const { output } = this.#receipt;
    return [
      ...differences('the file', this.#raw, output),
      ...(this.#isCompressed ? differences('its text', this.#plain, output.uncompressed) : []),
    ];
  }
}

/** What does not add up in the receipt itself. */
function sumFlaws({ events, output }: Receipt): string[] {
  const { read, written, duplicate, quarantined, filtered } = events;
  const flaws: string[] = [];
  if (read !== written + duplicate + quarantined + filtered) flaws.push('its counts of events do not add up');
  if (written !== output.lines)
    flaws.push(`it speaks of ${written} ${plural(written, 'event')} written, and of ${output.lines}`);
  return flaws;
}

function contentFlaws(parts: readonly ClaimedContent[], found: FoundContent): string[] {
  const lines = parts.reduce((sum, part) => sum + part.lines, 0);
  const flaws: string[] = [];
  if (lines !== found.events)
    flaws.push(`the file has ${found.events} ${plural(found.events, 'event')}, the receipt says ${lines}`);
  const [first] = sortedTimes(parts.map(({ firstTs }) => firstTs));
  const last = sortedTimes(parts.map(({ lastTs }) => lastTs)).at(-1);
  if (first !== found.firstTsNs?.toString()) {
    flaws.push(`the first event is of ${found.firstTsNs ?? 'no time'}, the receipt says ${first ?? 'none'}`);
  }
  if (last !== found.lastTsNs?.toString()) {
    flaws.push(`the last event is of ${found.lastTsNs ?? 'no time'}, the receipt says ${last ?? 'none'}`);
  }
  return flaws;
}

function sortedTimes(times: readonly (string | undefined)[]): string[] {
  return times.filter((time) => time !== undefined).sort((a, b) => compareDecimals(a, b));
}

function compareDecimals(a: string, b: string): number {
  const isNumber = [a, b].every((text) => /^-?\d+$/.test(text));
  if (!isNumber) return a < b ? -1 : 1;
  return BigInt(a) < BigInt(b) ? -1 : 1;
}

function differences(what: string, sum: Sum, claimed: ClaimedSum | undefined): string[] {
  if (claimed === undefined) return [`the receipt says nothing of ${what}`];
  const { bytes, sha256 } = sum;
  if (bytes !== claimed.bytes)
    return [`${what} has ${bytes} ${plural(bytes, 'byte')}, the receipt says ${claimed.bytes}`];
  if (claimed.sha256 === undefined) return [`the receipt has no SHA-256 of ${what}`];
  if (sha256 === claimed.sha256) return [];
  return [`the SHA-256 of ${what} is ${sha256}, the receipt says ${claimed.sha256}`];
}

class Sum {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.bytes += bytes.length;
    this.#hash.update(bytes);
  }

  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }
}
