import { writeFile } from 'node:fs/promises';
import { MeshBackupError } from '../../errors.ts';
import { listFaults, parseFaultFlag, type Fault } from '../../sandbox/faults.ts';
import { startMesh, type SandboxMesh } from '../../sandbox/mesh.ts';
import type { CommandModule } from '../command-module.ts';
import { parseCount } from '../count.ts';
import { line, styled } from '../line.ts';
import { optionValue, optionValues } from '../option-value.ts';
import type { Output } from '../output.ts';

interface SandboxFlags {
  readonly naras: number;
  readonly events: number;
  readonly seed: number;
  readonly fault?: readonly { readonly nara: string; readonly fault: Fault }[];
  readonly web?: true;
  readonly writePeers?: string;
}

export const sandbox: CommandModule<SandboxFlags> = {
  name: 'sandbox',
  summary: 'run a made-up mesh on this machine, to try things on',
  jsonTo: 'stdout',
  examples: ['', '--naras 3 --events 5000 --fault bob=cut:2 --fault carol=lie', '--write-peers peers.txt'],
  notes: `Faults:\n${listFaults()
    .map(({ synopsis, meaning }) => `  ${synopsis.padEnd(18)} ${meaning}`)
    .join('\n')}`,

  declare(command) {
    command
      .description(
        'Starts naras that live in memory and speak the real protocol over HTTP on\n' +
          '127.0.0.1, and keeps them running until it is interrupted. Their souls are\n' +
          'made up: they are no secrets.',
      )
      .option('--naras <n>', 'how many naras', optionValue(parseCount(1, 1000)), 5)
      .option('--events <n>', "events in each nara's ledger", optionValue(parseCount(0, 1_000_000)), 20_000)
      .option('--seed <n>', 'another seed makes another history', optionValue(parseCount(0, 2 ** 32 - 1)), 1)
      .option('--fault <nara=fault>', 'make a nara misbehave; repeatable', optionValues(parseFaultFlag))
      .option('--web', 'open their web ports, not their mesh ports: those tell more,\n/narae.json for one')
      .option('--write-peers <file>', 'write a file for dump-events --peers');
  },

  async run({ naras, events, seed, fault = [], web, writePeers }, { output, signal }) {
    const mesh = await startMesh({
      naras,
      eventsPerNara: events,
      seed,
      faults: groupFaults(fault),
      door: web ? 'web' : 'mesh',
    });
    try {
      if (writePeers !== undefined) await writePeerList(writePeers, mesh);
      await announce(mesh, output, writePeers);
      await aborted(signal);
      return 0;
    } finally {
      await mesh.close();
    }
  },
};

function groupFaults(flags: NonNullable<SandboxFlags['fault']>): ReadonlyMap<string, readonly Fault[]> {
  const faults = new Map<string, Fault[]>();
  for (const { nara, fault } of flags) faults.set(nara, [...(faults.get(nara) ?? []), fault]);
  return faults;
}

async function writePeerList(path: string, { naras }: SandboxMesh): Promise<void> {
  try {
    await writeFile(path, naras.map(({ name, url }) => `${name} ${url}\n`).join(''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MeshBackupError('FILE_UNWRITABLE', `Cannot write the peers file: ${reason}`, { cause });
  }
}

async function announce(mesh: SandboxMesh, output: Output, peersFile: string | undefined): Promise<void> {
  if (output.json) {
    for (const { name, url, soul, publicKey } of mesh.naras) {
      output.record({ type: 'nara', name, url, soul, publicKey });
    }
    return;
  }
  const width = Math.max(...mesh.naras.map(({ name }) => name.length));
  for (const { name, url, soul } of mesh.naras) {
    await output.print(line`${name.padEnd(width)}  ${url.padEnd(22)}  ${soul}`);
  }
  const { name, soul } = mesh.requester;
  const peers = peersFile === undefined ? `--peer ${mesh.naras[0]!.url}` : `--peers ${peersFile}`;
  output.tell(
    styled('bold', line`Try: mesh-backup dump-events -name ${name} -soul ${soul} ${peers} > backup.jsonl`),
  );
  output.tell(line`Running until Ctrl-C.`);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}
