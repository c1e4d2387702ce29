/** How bad a thing is: nothing wrong, worth a look (bad with `strict`), a file that ends too early, or bad. */
export type Severity = 'fine' | 'note' | 'torn' | 'bad';

/** What is said of a line; each gets one. docs/archive.md says what to do about them. */
export const VERDICTS = {
  signed: 'fine',
  attested: 'fine',
  unsigned: 'fine',
  /** Signed, and nobody wanted signatures checked. */
  unchecked: 'fine',
  'unknown-key': 'note',
  'other-signer': 'note',
  'unknown-service': 'note',
  'bad-signature': 'bad',
  misfit: 'bad',
  hostile: 'bad',
  'not-json': 'bad',
  torn: 'torn',
} as const satisfies Record<string, Severity>;

export type Verdict = keyof typeof VERDICTS;

/** What is found beside verdicts: of lines, of files, and of all files together. */
const OTHER_FINDINGS = {
  'few-voters': 'note',
  'doubtful-voters': 'note',
  duplicate: 'note',
  'differing-copy': 'note',
  disorder: 'note',
  'no-line-feed': 'note',
  gap: 'note',
  'several-keys': 'note',
  'too-many-keys': 'note',
  'open-key': 'note',
  grown: 'note',
  damaged: 'bad',
  'not-text': 'bad',
  receipt: 'bad',
  evidence: 'bad',
} as const satisfies Record<string, Severity>;

export type FindingKind = Verdict | keyof typeof OTHER_FINDINGS;

export const SEVERITIES: Readonly<Record<FindingKind, Severity>> = { ...VERDICTS, ...OTHER_FINDINGS };

/** Something about a line that somebody may want to look at. */
export interface LineFinding {
  readonly kind: FindingKind;
  /** From 1. */
  readonly line: number;
  /** Where the line starts in the plain text, in bytes. */
  readonly offset: number;
  readonly reason: string;
  /** As far as the line tells. */
  readonly id?: string;
  readonly svc?: string;
}

/** A finding, and what it is about; neither line nor file where it is about all files together. */
export interface Finding extends Omit<LineFinding, 'line' | 'offset'> {
  readonly file?: string;
  readonly line?: number;
  readonly offset?: number;
  /** The file is gzip: the offset is one of its text. */
  readonly isCompressed?: boolean;
}
