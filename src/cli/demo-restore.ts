import { MeshBackupError } from '../errors.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { PeerHttp } from '../mesh/http.ts';
import { judgeRestore } from '../restore/outcome.ts';
import { RESTORE_DEFAULTS } from '../restore/restore-options.ts';
import type { RestoreSummary } from '../restore/restore-summary.ts';
import { restore } from '../restore/restore.ts';
import { totalStay } from '../restore/stay-reason.ts';
import type { SandboxMesh } from '../sandbox/mesh.ts';
import { startNara, type SandboxNara } from '../sandbox/nara.ts';
import { Prng } from '../sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../sandbox/sandbox-identity.ts';
import { line, type Line } from './line.ts';
import type { Output } from './output.ts';
import { formatCount } from './progress-format.ts';
import { accountLines } from './restore-report.ts';

/** Something that must hold, by what the sandbox knows. */
export interface Verdict {
  readonly holds: boolean;
  readonly text: Line;
}

/** Restores the backup into a fresh nara that sees the mesh online, twice, and holds its ledger against the backup. */
export async function restoreDemo(
  mesh: SandboxMesh,
  backup: { readonly path: string; readonly lines: ReadonlySet<string> },
  output: Output,
  signal: AbortSignal,
): Promise<{ readonly verdicts: Verdict[]; readonly summary: RestoreSummary }> {
  const identity = makeIdentity('frank', new Prng('frank'));
  const neighbours = mesh.naras.map(({ name }) => ({ name, isOnline: true }));
  const nara = await startNara({ identity, door: 'web', neighbours });
  try {
    output.tell(line`Restoring it into ${nara.name}, who is new and remembers nothing (${nara.url}):`);
    const first = await restoreInto(nara, identity, backup.path, signal);
    for (const text of accountLines(first)) output.tell(text);
    const held = nara.ledger.map((event) => event.line);
    const second = await restoreInto(nara, identity, backup.path, signal);
    return { verdicts: judge(nara, held, { first, second }, backup.lines), summary: first };
  } finally {
    await nara.close();
  }
}

async function restoreInto(
  nara: SandboxNara,
  keypair: SandboxIdentity,
  path: string,
  signal: AbortSignal,
): Promise<RestoreSummary> {
  const file = await LineFile.open(path);
  if (file === undefined) throw new MeshBackupError('FILE_UNREADABLE', `Cannot read ${path}: it is gone.`);
  const http = new PeerHttp({ connectTimeoutMs: 10_000 });
  try {
    return await restore({
      ...RESTORE_DEFAULTS,
      http,
      url: new URL(nara.url),
      keypair,
      files: [file],
      signal,
    });
  } finally {
    await http.close();
    await file.close();
  }
}

function judge(
  nara: SandboxNara,
  held: readonly string[],
  { first, second }: { readonly first: RestoreSummary; readonly second: RestoreSummary },
  lines: ReadonlySet<string>,
): Verdict[] {
  const n = formatCount;
  const staying = totalStay(first.stay);
  return [
    {
      holds: judgeRestore(first) === undefined && held.length === first.toGo.events && nara.lost.length === 0,
      text: line`all ${n(held.length)} events that were sent are in its ledger`,
    },
    {
      holds: held.every((text) => lines.has(text)) && new Set(held).size === held.length,
      text: line`each is a line of the backup, byte for byte, once`,
    },
    {
      holds: staying + held.length === lines.size,
      text: line`the other ${n(staying)} stay in the backup, each for a reason that is counted`,
    },
    {
      holds: second.toGo.events === 0 && nara.ledger.length === held.length,
      text: line`restored once more, it sends nothing, and the ledger is as it was`,
    },
  ];
}
