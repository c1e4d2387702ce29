import type { KeyRing } from '../event/keyring.ts';
import { HourCounts, type Gap } from './hour-counts.ts';
import type { BlockReport } from './judge-block.ts';
import { ServiceTally } from './service-tally.ts';
import { COPY_WORDS, SpellingTable } from './spelling-table.ts';
import type { Finding, FindingKind, LineFinding } from './verdict.ts';
import type { VerifiedEvidence, VerifiedFile, VerifySummary } from './verify-summary.ts';

/** Adds up what blocks of lines are, over all files; blocks come in the order of files and lines. */
export class VerifyTally {
  readonly #services = new ServiceTally();
  readonly #spellings = new SpellingTable();
  readonly #hours = new HourCounts();
  readonly #signers = new Map<string, { name: string; key: string; events: number }>();
  readonly #files: VerifiedFile[] = [];
  readonly #counts: Partial<Record<FindingKind, number>> = {};
  #findings: Finding[] = [];
  #lines = 0;
  #fitting = 0;
  #distinct = 0;
  #soughtGaps = false;
  #firstTsNs: bigint | undefined;
  #lastTsNs: bigint | undefined;

  /** Adds a block, but for its findings; returns what only all blocks together show of its lines. */
  add(report: BlockReport): LineFinding[] {
    this.#lines += report.lines;
    this.#fitting += report.fitting;
    this.#services.add(report.services);
    this.#hours.addAll(report.hours);
    for (const [name, key, events] of report.signers) {
      const place = `${key} ${name}`;
      const signer = this.#signers.get(place);
      if (signer === undefined) this.#signers.set(place, { name, key, events });
      else signer.events += events;
    }
    this.#firstTsNs = earlier(this.#firstTsNs, report.firstTsNs);
    this.#lastTsNs = later(this.#lastTsNs, report.lastTsNs);
    return this.#findCopies(report);
  }

  /** Counts a finding, and keeps it until it is taken. */
  note(finding: Finding): void {
    const { kind } = finding;
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#findings.push(finding);
  }

  /** Those that were not taken before. */
  takeFindings(): readonly Finding[] {
    const findings = this.#findings;
    this.#findings = [];
    return findings;
  }

  endFile(file: VerifiedFile): void {
    this.#files.push(file);
  }

  /** Notes the gaps, when all blocks are there. */
  findGaps(): void {
    const gaps = this.#hours.findGaps();
    this.#soughtGaps = gaps !== undefined;
    for (const gap of gaps ?? []) this.note({ kind: 'gap', reason: gapText(gap) });
  }

  summary(ring: KeyRing, evidence: VerifiedEvidence | undefined, elapsedMs: number): VerifySummary {
    const signers = [...this.#signers.values()].map((signer) => {
      const isPinned = ring.isPinned(signer.name);
      return { ...signer, isPinned };
    });
    return {
      files: this.#files,
      evidence,
      lines: this.#lines,
      verdicts: this.#services.total,
      services: this.#services.counts.sort((a, b) => (a.svc < b.svc ? -1 : 1)),
      signers: signers.sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1)),
      findings: this.#counts,
      fitting: this.#fitting,
      distinct: this.#distinct,
      soughtGaps: this.#soughtGaps,
      firstTsNs: this.#firstTsNs,
      lastTsNs: this.#lastTsNs,
      elapsedMs,
    };
  }

  #findCopies({ copies, places }: BlockReport): LineFinding[] {
    const findings: LineFinding[] = [];
    for (let number = 0; number * COPY_WORDS < copies.length; number++) {
      const seen = this.#spellings.add(copies, number * COPY_WORDS);
      if (seen === 'new') {
        this.#distinct++;
        continue;
      }
      const [line, offset] = [places[number * 2]!, places[number * 2 + 1]!];
      const at = Buffer.from(copies.buffer, number * COPY_WORDS * 4, 16);
      const id = at.toString('hex');
      if (seen === 'same')
        findings.push({ kind: 'duplicate', line, offset, id, reason: 'these bytes were met before' });
      else
        findings.push({
          kind: 'differing-copy',
          line,
          offset,
          id,
          reason: 'the event was met before, in other bytes',
        });
    }
    return findings;
  }
}

export function earlier(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

export function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function gapText({ firstHour, lastHour }: Gap): string {
  const hours = lastHour - firstHour + 1;
  return `no event from ${hourText(firstHour)} to ${hourText(lastHour + 1)}: ${hours} hours, and many before and after`;
}

function hourText(hour: number): string {
  return new Date(hour * 3_600_000).toISOString().slice(0, 16) + 'Z';
}
