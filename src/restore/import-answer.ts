import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import type { HttpAnswer } from '../mesh/http.ts';
import { clockDifferenceMs } from '../sync/peer-clock.ts';

/** What a server said to an import. */
export type ImportOutcome =
  | {
      readonly kind: 'taken';
      readonly imported: number;
      /** Simply those that were not imported, for whatever reason. */
      readonly duplicates: number;
      /** Signed events whose signature the server could not verify; they are imported all the same. */
      readonly warnings: number;
      /** What our clock lacks of the server's, to the second; `undefined`: it does not tell. */
      readonly clockOffsetMs: number | undefined;
    }
  /** 413: a proxy before it takes no more at a time. */
  | { readonly kind: 'too-large' }
  /** The batch as it is; another one may be taken. */
  | { readonly kind: 'refused'; readonly error: MeshBackupError }
  /** Our time stamp. */
  | { readonly kind: 'clock'; readonly text: string; readonly clockOffsetMs: number | undefined }
  /** No answer of a nara: whether it took the batch is not known. `busy`: it says itself that it did not. */
  | { readonly kind: 'broken' | 'busy' | 'no-nara'; readonly error: MeshBackupError }
  /** A redirect. */
  | { readonly kind: 'moved'; readonly answer: HttpAnswer; readonly error: MeshBackupError };

const MAX_SHOWN = 200;
const ImportBody = z.object({
  success: z.boolean(),
  imported: z.number().int().nonnegative(),
  duplicates: z.number().int().nonnegative(),
  warnings: z.number().int().nonnegative().optional(),
  error: z.string().optional(),
});

/** Reads a server's answer to an import. `nowMs` is our clock. Source: specification, "Import". */
export function readImportAnswer(answer: HttpAnswer, nowMs: number): ImportOutcome {
  const { status } = answer;
  const body = parseBody(answer.body);
  if (status === 200 && body?.success === true) {
    const { imported, duplicates, warnings = 0 } = body;
    const clockOffsetMs = clockDifferenceMs(answer.headers, nowMs);
    return { kind: 'taken', imported, duplicates, warnings, clockOffsetMs };
  }
  const text = body?.error ?? '';
  if (status === 413) return { kind: 'too-large' };
  if (status === 429 || status === 503) return { kind: 'busy', error: httpError(status, true) };
  if (status >= 500) return { kind: 'broken', error: httpError(status, true) };
  if (status >= 300 && status < 400) return { kind: 'moved', answer, error: httpError(status, false) };
  if (status === 403 && text.startsWith('Authentication failed: timestamp')) {
    return { kind: 'clock', text, clockOffsetMs: saidAge(text) ?? clockDifferenceMs(answer.headers, nowMs) };
  }
  if (body !== undefined && (status === 403 || status === 400)) {
    const code = status === 403 ? 'TARGET_WRONG_SOUL' : 'TARGET_REFUSED';
    return { kind: 'refused', error: new MeshBackupError(code, text || `HTTP ${status}`) };
  }
  const said = status === 200 ? 'something that is no answer to an import' : `HTTP ${status}`;
  return { kind: 'no-nara', error: noNara(said) };
}

/** How old the server finds our time stamp, in milliseconds, as Go writes it: `6m40.586190092s`, `-59.998663142s`. */
function saidAge(text: string): number | undefined {
  const [, sign, hours = 0, minutes = 0, seconds] =
    /: (-?)(?:(\d{1,9})h)?(?:(\d{1,2})m)?(\d{1,2}(?:\.\d+)?)s$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const ageMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return Math.round(sign === '-' ? -ageMs : ageMs);
}

function httpError(status: number, retryable: boolean): MeshBackupError {
  return new MeshBackupError('PEER_STATUS', `HTTP ${status}`, { retryable });
}

/** `said`: what it answered instead. */
export function noNara(said: string): MeshBackupError {
  return new MeshBackupError('TARGET_NO_NARA', `What answers there is no nara that takes imports: ${said}.`, {
    hint: "Is the URL right? A nara's web port takes imports only with -serve-ui, its mesh port (7433) always.",
  });
}

function parseBody(body: Buffer): z.infer<typeof ImportBody> | undefined {
  const parsed = ImportBody.safeParse(parseJson(body.toString('utf8')));
  if (!parsed.success) return undefined;
  const { error, ...rest } = parsed.data;
  return error === undefined ? rest : { ...rest, error: error.slice(0, MAX_SHOWN) };
}
