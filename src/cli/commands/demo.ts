import { readFile } from 'node:fs/promises';
import { dump } from '../../dump/dump.ts';
import { judgeDump } from '../../dump/outcome.ts';
import type { DumpSummary } from '../../dump/summary.ts';
import { MeshBackupError } from '../../errors.ts';
import { Replacement } from '../../jsonl/replacement.ts';
import { parsePeer } from '../../mesh/peer-list.ts';
import { checkDump, type DumpCheck } from '../../sandbox/check-dump.ts';
import { parseFault } from '../../sandbox/faults.ts';
import { startMesh, type SandboxMesh } from '../../sandbox/mesh.ts';
import { DEFAULT_WALK_BOUNDS } from '../../sync/walk-peer.ts';
import { walkState } from '../../sync/walk-report.ts';
import type { CommandModule } from '../command-module.ts';
import { restoreDemo, type Verdict } from '../demo-restore.ts';
import { DumpProgress } from '../dump-progress.ts';
import { summaryLines, writtenLine } from '../dump-report.ts';
import { line, styled } from '../line.ts';
import type { Output } from '../output.ts';
import { formatCount } from '../progress-format.ts';
import { startProgress } from '../progress.ts';

const BACKUP = 'demo-backup.jsonl';
const NARAS = 5;
const EVENTS = 20_000;
const FAILING = 'dave';
const LYING = 'erin';
/** Half of a ledger is in the pages before it. */
const CUT_AT_ANSWER = 6;

export const demo: CommandModule = {
  name: 'demo',
  summary: `dump a made-up mesh to ${BACKUP}, restore it, and check both`,
  jsonTo: 'stdout',
  examples: [''],

  declare(command) {
    command.description(
      `Starts ${NARAS} naras in memory with ${formatCount(EVENTS)} events each (one fails half way, one\n` +
        `lies), dumps them to ${BACKUP} in this folder (replaced if it is\n` +
        'there), restores that into a sixth, fresh nara, and checks both against what it\n' +
        'knows.',
    );
  },

  async run(_flags, { output, signal }) {
    const mesh = await startMesh({
      naras: NARAS,
      eventsPerNara: EVENTS,
      faults: new Map([
        [FAILING, [parseFault(`cut:${CUT_AT_ANSWER}`)]],
        [LYING, [parseFault('lie')]],
      ]),
    });
    try {
      introduce(mesh, output);
      const summary = await dumpToFile(mesh, output, signal);
      for (const text of summaryLines(summary)) output.tell(text);
      output.tell(writtenLine({ summary, error: undefined, path: BACKUP, isWritten: true }));
      const lines = (await readFile(BACKUP, 'utf8')).split('\n').slice(0, -1);
      const check = checkDump(
        mesh.naras.flatMap(({ given }) => given),
        lines,
      );
      const held = new Set(lines);
      const verdicts = foretold(mesh, summary, check, held);
      tellAll(verdicts, output);
      const restored = await restoreDemo(mesh, { path: BACKUP, lines: held }, output, signal);
      tellAll(restored.verdicts, output);
      const isAsForetold = [...verdicts, ...restored.verdicts].every(({ holds }) => holds);
      const { events } = summary;
      const { stay, sent } = restored.summary;
      output.record({ type: 'summary', isAsForetold, check, events, restored: { stay, sent }, file: BACKUP });
      if (!isAsForetold) throw new MeshBackupError('QUARANTINED', `${BACKUP} is not what it should be.`);
      output.tell(line`Now run a mesh of your own to dump from: mesh-backup sandbox`);
      return 0;
    } finally {
      await mesh.close();
    }
  },
};

function tellAll(verdicts: readonly Verdict[], output: Output): void {
  for (const { holds, text } of verdicts) output.tell(line`  ${holds ? '✅' : '❌'} ${text}`);
}

function introduce(mesh: SandboxMesh, output: Output): void {
  output.tell(
    styled('bold', line`A mesh of ${NARAS} naras with ${formatCount(EVENTS)} events each, on this machine:`),
  );
  for (const { name, url } of mesh.naras) {
    const trait = name === FAILING ? 'fails half way' : name === LYING ? 'lies' : 'honest';
    output.tell(line`  ${name.padEnd(6)} ${url}  ${trait}`);
  }
  output.tell(line`Dumping it to ${BACKUP}, signing as ${mesh.requester.name}:`);
}

async function dumpToFile(mesh: SandboxMesh, output: Output, signal: AbortSignal): Promise<DumpSummary> {
  const peers = mesh.naras.map(({ name, url }) => parsePeer(`${name}=${url}`));
  const progress = startProgress(output, false);
  const file = await Replacement.begin(BACKUP);
  try {
    const summary = await dump({
      requester: { name: mesh.requester.name, keypair: mesh.requester },
      peers,
      workers: NARAS,
      connectTimeoutMs: 10_000,
      bounds: { ...DEFAULT_WALK_BOUNDS, retry: { maxTries: 2, firstDelayMs: 50, maxDelayMs: 100 } },
      filter: { services: [], naras: [] },
      acceptUnsigned: false,
      checkpoints: true,
      keepMisfits: false,
      destination: file,
      signal,
      observer: new DumpProgress(progress, peers),
    });
    signal.throwIfAborted();
    await file.commit();
    return summary;
  } finally {
    progress.stop();
    await file.discard();
  }
}

/** What must hold of the dump, by what the sandbox knows and the dump does not. */
function foretold(mesh: SandboxMesh, summary: DumpSummary, check: DumpCheck, lines: Set<string>): Verdict[] {
  const n = formatCount;
  const { events } = summary;
  const failed = summary.peers.filter((peer) => walkState(peer) !== 'complete');
  const status = judgeDump(
    summary,
    { minPeers: undefined, requiredPeers: [], strict: false },
    new AbortController().signal,
  );
  const signedTruths = mesh.naras
    .filter(({ name }) => name !== LYING)
    .flatMap(({ given }) => given)
    .filter((text) => text.includes('"sig":"'));
  const givenTimes = mesh.naras.reduce((sum, { given }) => sum + given.length, 0);
  return [
    {
      holds: check.missing === 0 && check.doubled === 0 && check.events === events.written,
      text: line`${n(check.events)} events: each that a nara gave and whose ID fits, once`,
    },
    {
      holds: check.foreign === 0 && check.disordered === 0,
      text: line`oldest first, each line byte for byte as its nara has it`,
    },
    {
      holds: signedTruths.every((text) => lines.has(text)),
      text: line`where ${LYING} lied about what another signed, the signed copy is there`,
    },
    {
      holds:
        events.read === givenTimes &&
        events.quarantined === events.misfit + events.hostile &&
        events.misfit > 0,
      text: line`all ${n(events.read)} copies read are accounted for, ${n(events.quarantined)} of them lies`,
    },
    {
      holds: failed.length === 1 && failed[0]!.label === FAILING && failed[0]!.flaws[0]?.fromNs !== undefined,
      text: line`what ${FAILING} did not give is named, and from which time on it is missing`,
    },
    {
      holds: status?.exitStatus === 3,
      text: line`dump-events would end with status 3: the output is good, something is missing`,
    },
  ];
}
