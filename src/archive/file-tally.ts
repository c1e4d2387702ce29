import type { LineFile } from '../jsonl/line-file.ts';
import { DISORDER, isBehind, MAX_SHOWN, type BlockReport, type OrderPlace } from './judge-block.ts';
import type { FindingKind, LineFinding } from './verdict.ts';
import { earlier, later, type VerifyTally } from './verify-tally.ts';

/** Adds up the blocks of one file, and puts its findings in the order of its lines. */
export class FileTally {
  /** As they lie there. */
  bytes = 0;
  lines = 0;
  /** Lines that hold an event which is not hostile. */
  events = 0;
  firstTsNs: bigint | undefined;
  lastTsNs: bigint | undefined;
  readonly #file: LineFile;
  readonly #whole: VerifyTally;
  #last: OrderPlace | undefined;

  constructor(file: LineFile, whole: VerifyTally) {
    this.#file = file;
    this.#whole = whole;
  }

  add(report: BlockReport): void {
    this.lines += report.lines;
    this.events += report.events;
    this.firstTsNs = earlier(this.firstTsNs, report.firstTsNs);
    this.lastTsNs = later(this.lastTsNs, report.lastTsNs);
    const ofCopies = this.#whole.add(report);
    const findings = [...report.findings, ...this.#findDisorder(report), ...ofCopies];
    for (const finding of findings.sort((a, b) => a.line - b.line)) {
      this.#whole.note({ file: this.#file.path, ...finding, isCompressed: this.#file.isCompressed });
    }
  }

  /** Notes something about the file, not about one of its lines. */
  find(kind: FindingKind, reason: string): void {
    this.#whole.note({ kind, file: this.#file.path, reason });
  }

  end(receiptHolds: boolean | undefined): void {
    const { path, isCompressed } = this.#file;
    const { lines, events, bytes } = this;
    this.#whole.endFile({ path, isCompressed, lines, events, bytes, receiptHolds });
  }

  /** A block does not know what came before its first event. */
  #findDisorder({ first, last }: BlockReport): LineFinding[] {
    const before = this.#last;
    this.#last = last ?? before;
    if (before === undefined || first === undefined || !isBehind(before, first)) return [];
    const { line, offset, id } = first;
    return [{ kind: 'disorder', line, offset, id: id.slice(0, MAX_SHOWN), reason: DISORDER }];
  }
}
