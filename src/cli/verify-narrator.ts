import { SEVERITIES, type Finding } from '../archive/verdict.ts';
import type { VerifyObserver } from '../archive/verify-options.ts';
import type { FindingsFile } from './findings-file.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';
import { findingLine, findingRecord } from './verify-report.ts';

/** So many are named; all are counted. */
const MAX_NAMED = 20;
/** After so many records, a slow reader is waited for. */
const RECORDS_AHEAD = 1000;

/** Says what a verification finds, and how far it is. */
export class VerifyNarrator implements VerifyObserver {
  readonly #output: Output;
  readonly #progress: Progress;
  readonly #file: FindingsFile | undefined;
  #stage = { label: '', startedMs: 0 };
  #records = 0;
  #named = 0;

  constructor(output: Output, progress: Progress, file: FindingsFile | undefined) {
    this.#output = output;
    this.#progress = progress;
    this.#file = file;
  }

  /** Names what is bad, keeps all. Throws as `FindingsFile.add` and `Output.flush` do. */
  readonly find = async (finding: Finding): Promise<void> => {
    const record = findingRecord(finding);
    const { type, ...kept } = record;
    await this.#file?.add({ type, ...kept });
    if (this.#output.json) {
      this.#output.record(record);
      if (++this.#records % RECORDS_AHEAD === 0) await this.#output.flush();
      return;
    }
    const severity = SEVERITIES[finding.kind];
    if (severity !== 'bad' && severity !== 'torn') return;
    if (++this.#named <= MAX_NAMED) this.#output.warn(findingLine(finding));
    else if (this.#named === MAX_NAMED + 1) {
      this.#output.warn(line`⚠️  further ones are only counted; --findings FILE lists all`);
    }
  };

  gathering(lines: number, bytes: number): void {
    this.#show('reading keys', lines, bytes, undefined);
  }

  verifying(lines: number, bytes: number, totalLines: number | undefined): void {
    this.#show('verifying', lines, bytes, totalLines);
  }

  #show(label: string, events: number, bytes: number, totalEvents: number | undefined): void {
    const nowMs = Date.now();
    if (this.#stage.label !== label) this.#stage = { label, startedMs: nowMs };
    const { startedMs } = this.#stage;
    const total = totalEvents === undefined ? {} : { totalEvents };
    this.#progress.update({ label, events, bytes, ...total, perPeer: [], startedMs, nowMs });
  }
}
