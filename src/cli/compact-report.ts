import type { CompactSummary } from '../archive/compact-summary.ts';
import { plural } from '../archive/plural.ts';
import type { MeshBackupError } from '../errors.ts';
import { line, paragraph, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatBytes, formatCount, formatDuration } from './progress-format.ts';

const n = formatCount;

/** A compaction, and what became of its output. */
export interface CompactOutcome {
  readonly summary: CompactSummary;
  readonly error: MeshBackupError | undefined;
  /** Of the output; `undefined`: a stream. */
  readonly path: string | undefined;
  /** Whether what was written stands there now. */
  readonly isWritten: boolean;
}

/** What somebody should know even where all went well: a line for each input with lines that may not stand in a backup. */
export function compactWarnings({ inputs }: CompactSummary): Line[] {
  return inputs
    .filter(({ quarantined }) => quarantined > 0)
    .map(
      ({ file, quarantined }) =>
        line`⚠️  ${file}: ${n(quarantined)} ${plural(quarantined, 'line')} may not stand in a backup: quarantined`,
    );
}

/** The summary for people. */
export function compactLines({ lines, inputs }: CompactSummary): Line[] {
  const { read, written, duplicate, quarantined, better, variants, broken, misfit, hostile } = lines;
  return [
    styled(
      'bold',
      line`Lines:  ${n(read)} read = ${n(written)} written + ${n(duplicate)} duplicate + ${n(quarantined)} quarantined`,
    ),
    line`  ${n(better)} with a better copy chosen, ${n(variants)} ${plural(variants, 'variant')}, ${n(misfit)} misfit, ${n(hostile)} hostile,`,
    line`  ${n(broken)} broken, ${n(lines.blank)} blank, ${n(lines.unknownService)} of ${plural(lines.unknownService, 'an unknown service', 'unknown services')}`,
    ...inputs.flatMap(({ file, damage }) =>
      damage.map((reason) => line`  not read whole: ${paragraph(file)}: ${reason}`),
    ),
  ];
}

/** The last line of the summary: where it all went. */
export function compactWrittenLine({ summary, path, isWritten }: CompactOutcome): Line {
  const { output, lines, elapsedMs } = summary;
  const size = line`${formatBytes(output.bytes)}`;
  if (isWritten) return line`${size} written to ${path ?? 'the stream'} in ${formatDuration(elapsedMs)}`;
  if (lines.written === 0) return line`${path ?? 'The stream'} is as it was`;
  return line`Nothing was changed: ${path ?? 'the stream'} would get ${size}`;
}

/** The summary for scripts, the last record of `--json`. */
export function compactRecord({ summary, path, isWritten }: CompactOutcome, exitStatus: number): JsonRecord {
  return { type: 'summary', exitStatus, file: path, isWritten, ...summary };
}
