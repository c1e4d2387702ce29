import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { SandboxIdentity } from '../../../src/sandbox/sandbox-identity.ts';
import { run, start, type Finished } from '../../cli/spawn.ts';
import { programPath, TAILSCALE_ENVIRONMENT } from './network.ts';
import type { RealMesh } from './real-mesh.ts';
import { until } from './until.ts';

const SCRIPT = 'bin/dump-events.js';
const CLEAN_UP_MS = 30_000;

/** What a user of ours has at hand: secrets in files, a place for the backup, and temporary files of his own. */
export interface OurDump {
  readonly authKeyFile: string;
  /** Runs `dump-events --mesh own` to its end. */
  readonly run: (...more: string[]) => Promise<Finished>;
  readonly start: (...more: string[]) => ChildProcessWithoutNullStreams;
  /** The lines of the backup; none where there is no file. */
  readonly lines: () => Promise<string[]>;
  /** The names of our programs that run, but for the command itself: they all know our folder. */
  readonly running: () => Promise<string[]>;
  /** What lies in the folder for temporary files. */
  readonly leftovers: () => Promise<string[]>;
  /** Waits until nothing runs and nothing is left. */
  readonly whenClean: () => Promise<void>;
}

export async function withOurDump(
  mesh: RealMesh,
  use: (ours: OurDump) => Promise<void>,
  who: SandboxIdentity = mesh.requester,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-'));
  const [temporary, backup] = [join(folder, 't'), join(folder, 'backup.jsonl')];
  const [soulFile, authKeyFile] = [join(folder, 'soul'), join(folder, 'key')];
  await mkdir(temporary);
  await writeFile(soulFile, who.soul);
  await writeFile(authKeyFile, mesh.control.authKey);
  const flags = [
    ...['-name', who.name, '--soul-file', soulFile, '-o', backup, '--mesh', 'own'],
    ...['--login-server', mesh.control.loginServer, '--authkey-file', authKeyFile],
    ...['--tailscaled', programPath('tailscaled')],
  ];
  const env = { ...TAILSCALE_ENVIRONMENT, TMPDIR: temporary, XDG_STATE_HOME: join(folder, 'state') };
  const running = async (): Promise<string[]> => programsThatName(temporary);
  const leftovers = (): Promise<string[]> => readdir(temporary);
  try {
    await use({
      authKeyFile,
      run: (...more) => run(SCRIPT, [...flags, ...more], { env }),
      start: (...more) => start(SCRIPT, [...flags, ...more], { env }),
      lines: async () => (await readFile(backup, 'utf8').catch(() => '')).split('\n').slice(0, -1),
      running,
      leftovers,
      async whenClean() {
        await until('nothing of ours runs', CLEAN_UP_MS, async () => (await running()).length === 0);
        await until('nothing of ours lies about', CLEAN_UP_MS, async () => (await leftovers()).length === 0);
      },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The programs whose arguments hold a text; the tests see no processes but their own. */
async function programsThatName(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines
    .filter((words) => words.includes(text))
    .map((words) => basename(words.split('\0')[0]!))
    .sort();
}
