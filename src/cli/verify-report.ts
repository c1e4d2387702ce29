import { plural } from '../archive/plural.ts';
import type { ServiceCounts } from '../archive/service-tally.ts';
import { SEVERITIES, type Finding, type FindingKind, type Verdict } from '../archive/verdict.ts';
import type { VerifiedEvidence, VerifySummary } from '../archive/verify-summary.ts';
import { line, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatCount, formatDuration } from './progress-format.ts';
import { layOutTable, NOTHING, type Cell, type Column } from './text-table.ts';

/** A finding for scripts: `--findings` and `--json`. */
export function findingRecord({ isCompressed, ...finding }: Finding): JsonRecord {
  const { kind, file, line: number, offset, id, svc, reason } = finding;
  return {
    type: 'finding',
    kind,
    severity: SEVERITIES[kind],
    file,
    line: number,
    offset,
    ...(isCompressed === true && { offsetIn: 'uncompressed text' }),
    id,
    svc,
    reason,
  };
}

/** A finding for people. */
export function findingLine({ kind, file, line: number, reason }: Finding): Line {
  const place = file === undefined ? '' : number === undefined ? `${file}: ` : `${file}, line ${number}: `;
  return line`⚠️  ${place}${kind}: ${reason}`;
}

interface Row extends ServiceCounts {
  readonly isTotal?: true;
}

const TITLES: readonly (readonly [Verdict, string])[] = [
  ['signed', 'SIGNED'],
  ['attested', 'ATTESTED'],
  ['unsigned', 'UNSIGNED'],
  ['unchecked', 'UNCHECKED'],
  ['unknown-key', 'KEY?'],
  ['other-signer', 'OTHER'],
  ['unknown-service', 'SERVICE?'],
  ['bad-signature', 'FALSE'],
  ['misfit', 'MISFIT'],
  ['hostile', 'HOSTILE'],
  ['not-json', 'NO JSON'],
  ['torn', 'TORN'],
];

const COLUMNS: readonly Column<Row>[] = [
  { title: 'SERVICE', rank: 0, cell: ({ svc, isTotal }) => ({ text: isTotal ? 'all' : svc || '(none)' }) },
  { title: 'LINES', rank: 1, align: 'right', cell: ({ counts }) => countCell(sumOf(counts)) },
  ...TITLES.map(([verdict, title]): Column<Row> => {
    const severity = SEVERITIES[verdict];
    const style = severity === 'fine' ? undefined : severity === 'note' ? 'yellow' : 'red';
    return {
      title,
      // What is bad stays where there is no room for all.
      rank: severity === 'fine' ? 4 : severity === 'note' ? 3 : 2,
      align: 'right',
      cell: ({ counts }) => countCell(counts[verdict] ?? 0, style),
    };
  }),
];

function countCell(count: number, style?: Cell['style']): Cell {
  return count === 0 ? NOTHING : { text: formatCount(count), style };
}

function sumOf(counts: ServiceCounts['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The result for people: verdicts by service, what else was found, receipts. */
export function verifyLines(summary: VerifySummary, width: number): Line[] {
  const { evidence, services, verdicts, files, findings, lines, fitting, distinct, elapsedMs } = summary;
  const rows: Row[] = [...services, { svc: '', counts: verdicts, isTotal: true }];
  const found = (Object.keys(SEVERITIES) as FindingKind[]).filter((kind) => findings[kind] !== undefined);
  const held = files.filter(({ receiptHolds }) => receiptHolds !== undefined);
  return [
    ...(services.length === 0 ? [] : layOutTable(COLUMNS, rows, width)),
    line`${formatCount(lines)} ${plural(lines, 'line')}, ${formatCount(fitting)} with an ID that fits, ${formatCount(distinct)} distinct; in ${formatDuration(elapsedMs)}`,
    ...(found.length === 0
      ? []
      : [line`Findings: ${found.map((kind) => `${formatCount(findings[kind]!)} ${kind}`).join(', ')}`]),
    ...(summary.soughtGaps ? [] : [line`Gaps were not looked for: too many different hours`]),
    ...held.map(({ path, receiptHolds }) =>
      receiptHolds === true
        ? styled('green', line`The receipt of ${path} holds`)
        : styled('red', line`The receipt of ${path} does not hold`),
    ),
    ...(evidence === undefined ? [] : evidenceLines(evidence)),
  ];
}

/** Who handed out what, as far as it is proven. */
function evidenceLines({ folder, files, held, liars }: VerifiedEvidence): Line[] {
  const n = formatCount;
  const sum = line`${n(held)} of ${n(files)} ${plural(files, 'file')} of evidence in ${folder} ${plural(files, 'holds', 'hold')}`;
  return [
    held < files ? styled('red', sum) : sum,
    ...liars.map(({ key, claims }) => {
      const found = Object.entries(claims).map(([kind, count]) => `${n(count)} ${kind}`);
      return line`  ${key} handed out ${found.join(', ')}`;
    }),
  ];
}

/** Who signed, for `-verbose`. */
export function signerLines({ signers }: VerifySummary): Line[] {
  return signers.map(
    ({ name, key, isPinned, events }) =>
      line`  ${formatCount(events)} signed by ${name} with ${key}${isPinned ? ', which was given' : ''}`,
  );
}

/** The records of `--json` beside findings; the summary is the last. */
export function verifyRecords(summary: VerifySummary, exitStatus: number): JsonRecord[] {
  const { files, services, signers, evidence, firstTsNs, lastTsNs, ...rest } = summary;
  const { liars = [], ...kept } = evidence ?? {};
  return [
    ...services.map(({ svc, counts }) => ({ type: 'service', svc, verdicts: counts })),
    ...signers.map((signer) => ({ type: 'signer', ...signer })),
    ...files.map(({ path, ...file }) => ({ type: 'file', file: path, ...file })),
    ...liars.map((liar) => ({ type: 'liar', ...liar })),
    {
      type: 'summary',
      exitStatus,
      ...rest,
      ...(evidence && { evidence: kept }),
      firstTs: firstTsNs,
      lastTs: lastTsNs,
    },
  ];
}
