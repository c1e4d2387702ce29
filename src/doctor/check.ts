import type { MeshBackupError } from '../errors.ts';

/** What one look at something came to. */
export interface Check {
  /** A word or two: what was looked at. */
  readonly what: string;
  /** `skipped`: there was nothing to look at. */
  readonly state: 'ok' | 'warning' | 'failure' | 'skipped';
  /** What was found. It may hold text of a peer: whoever prints it escapes it. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** A check that failed because of this error. */
export function failedBy(what: string, { message, code, hint }: MeshBackupError): Check {
  return { what, state: 'failure', text: `${message} (${code})`, advice: hint };
}
