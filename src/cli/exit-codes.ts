import { ERROR_CODES, EXIT_STATUSES, type ErrorCode } from '../errors.ts';

interface ExitStatusRow {
  readonly exitStatus: number;
  readonly meaning: string;
  /** The codes that end a command with this status, in the table's order. */
  readonly codes: readonly { readonly code: string; readonly meaning: string }[];
}

/** The table of errors.ts by exit status, ascending. */
export function exitStatusRows(): ExitStatusRow[] {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  return Object.entries(EXIT_STATUSES).map(([status, meaning]) => ({
    exitStatus: Number(status),
    meaning,
    codes: codes
      .filter((code) => ERROR_CODES[code].exitStatus === Number(status))
      .map((code) => ({ code, meaning: ERROR_CODES[code].meaning })),
  }));
}

/** The table for a terminal; `withCodes` adds the codes of `--json` and of the library. */
export function exitCodesText(withCodes: boolean): string {
  return exitStatusRows()
    .flatMap(({ exitStatus, meaning, codes }) => [
      `  ${exitStatus.toString().padStart(3)}  ${meaning}`,
      ...(withCodes ? codes.map((row) => `       ${row.code}: ${row.meaning}`) : []),
    ])
    .map((row) => `${row}\n`)
    .join('');
}

/** docs/exit-codes.md, laid out as prettier leaves it. */
export function exitCodesMarkdown(): string {
  const rows = exitStatusRows();
  const statuses = rows.map(({ exitStatus, meaning }) => [exitStatus.toString(), meaning]);
  const codes = rows.flatMap(({ exitStatus, codes }) =>
    codes.map(({ code, meaning }) => [`\`${code}\``, exitStatus.toString(), meaning]),
  );
  return `# Exit statuses and error codes

Made from \`src/errors.ts\`: \`node bin/mesh-backup.js exit-codes --markdown > docs/exit-codes.md\` after \`npm run build\`.

A script must take a status that is not in this table as a failure.

${markdownTable(['Status', 'Meaning'], statuses)}
## Codes

The \`code\` of an error in \`--json\` records and in the library, and the status of a command that ends because of it.

${markdownTable(['Code', 'Status', 'Meaning'], codes)}`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const row = (cells: readonly string[], pad: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, pad)).join(' | ')} |\n`;
  return [
    row(head, ' '),
    row(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((cells) => row(cells, ' ')),
  ].join('');
}
