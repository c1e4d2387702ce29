import type { ServiceCounts } from './service-tally.ts';
import type { FindingKind, Verdict } from './verdict.ts';

/** A file, as far as it was read. */
export interface VerifiedFile {
  readonly path: string;
  readonly isCompressed: boolean;
  readonly lines: number;
  /** Those of `lines` that hold an event which is not hostile. */
  readonly events: number;
  /** As they lie there. */
  readonly bytes: number;
  /** Whether its receipt holds; `undefined`: there is none. */
  readonly receiptHolds: boolean | undefined;
}

/** A key, and the events that it signed in a name. */
export interface VerifiedSigner {
  readonly name: string;
  /** Standard Base64. */
  readonly key: string;
  readonly isPinned: boolean;
  readonly events: number;
}

/** What one key's evidence shows, where it holds. */
export interface ProvenLiar {
  /** Standard Base64. */
  readonly key: string;
  readonly files: number;
  /** How many false copies are named, by what they are. */
  readonly claims: Readonly<Record<string, number>>;
  /** It holds if these keys are theirs, as the evidence says: `name alice KEY`, `id … KEY`. */
  readonly restsOn: readonly string[];
}

/** What is known of a folder of evidence. */
export interface VerifiedEvidence {
  readonly folder: string;
  readonly files: number;
  /** Those of `files` that hold. */
  readonly held: number;
  readonly liars: readonly ProvenLiar[];
}

/** What is known of backups. */
export interface VerifySummary {
  readonly files: readonly VerifiedFile[];
  /** `undefined` where none was to be looked at. */
  readonly evidence: VerifiedEvidence | undefined;
  /** Lines of all files; a verdict each, but for blank ones. */
  readonly lines: number;
  readonly verdicts: Partial<Record<Verdict, number>>;
  /** By service, in order; '' has the lines that hold no event. */
  readonly services: readonly ServiceCounts[];
  /** Who signed, those who signed most first. */
  readonly signers: readonly VerifiedSigner[];
  /** How many of each kind. */
  readonly findings: Partial<Record<FindingKind, number>>;
  /** Events whose ID fits their content. */
  readonly fitting: number;
  /** Those of `fitting`, and of unknown services, that are no copies of others. */
  readonly distinct: number;
  /** False where events are of so many different hours that gaps could not be looked for. */
  readonly soughtGaps: boolean;
  /** Unix nanoseconds; `undefined` where there is no event. */
  readonly firstTsNs: bigint | undefined;
  readonly lastTsNs: bigint | undefined;
  readonly elapsedMs: number;
}
