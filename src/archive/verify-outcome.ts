import { MeshBackupError } from '../errors.ts';
import { SEVERITIES, type FindingKind, type Severity } from './verdict.ts';
import type { VerifySummary } from './verify-summary.ts';

/**
 * What a verification failed of; `undefined`: nothing is bad, and at least one ID was checked, or one file of evidence
 * where there was nothing else to check.
 */
export function judgeVerify(
  {
    findings,
    fitting,
    files,
    evidence,
  }: Pick<VerifySummary, 'findings' | 'fitting'> & Partial<Pick<VerifySummary, 'files' | 'evidence'>>,
  strict = false,
): MeshBackupError | undefined {
  const bad = list(findings, strict ? ['bad', 'note', 'torn'] : ['bad']);
  if (bad !== '') return new MeshBackupError('NOT_VERIFIED', `Not all is well: ${bad}`);
  const isEvidenceAlone = evidence !== undefined && files?.length === 0;
  if (isEvidenceAlone && evidence.held === 0) {
    return new MeshBackupError('NOTHING_VERIFIED', 'Nothing was verified: the folder holds no evidence.');
  }
  if (fitting === 0 && !isEvidenceAlone) {
    return new MeshBackupError('NOTHING_VERIFIED', 'Nothing was verified: there is no event whose ID fits.');
  }
  if (findings.torn === undefined) return undefined;
  return new MeshBackupError('TORN_END', 'A file ends in the middle of a line; all else is well.', {
    hint: 'A run that was killed, or one that still writes: the next dump into it mends it.',
  });
}

/** `3 misfit, 1 not-json`, in the order of the table. */
function list(findings: VerifySummary['findings'], severities: readonly Severity[]): string {
  const kinds = (Object.keys(SEVERITIES) as FindingKind[]).filter((kind) =>
    severities.includes(SEVERITIES[kind]),
  );
  return kinds
    .flatMap((kind) => (findings[kind] === undefined ? [] : [`${findings[kind]} ${kind}`]))
    .join(', ');
}
