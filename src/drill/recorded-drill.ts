import type { Check } from '../doctor/check.ts';
import { MeshBackupError } from '../errors.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { exportAuditEvents } from '../managed/audit-export.ts';
import type { AuthoritySettings } from '../managed/authority-check.ts';
import { Bundle } from '../managed/bundle.ts';
import { answerFile } from '../managed/saved-answers.ts';
import { detectSystem } from './detect-system.ts';
import { drill, type DrillStep } from './drill.ts';
import type { DrilledSystem } from './drilled-system.ts';
import { genesisSystem } from './genesis.ts';
import { ScratchFolder } from './scratch-folder.ts';
import { stigmemSystem } from './stigmem.ts';
import { tryServer } from './try-server.ts';

export interface DrilledServer {
  /** For the shell; the scratch database is in its environment. */
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly authority: AuthoritySettings;
  /** For it to be ready. */
  readonly startTimeoutMs: number;
  /** What it must answer, by the names of the answers. */
  readonly expected: ReadonlyMap<string, Buffer>;
  readonly onLine?: (line: string) => void;
}

export interface RecordedDrillOptions {
  /** An authority's or a node's database, which is only read. */
  readonly dbPath: string;
  /** The new folder, for the record and what the drill gave. */
  readonly folder: string;
  readonly server: DrilledServer | undefined;
  readonly signer: SigningKey | undefined;
  /** Who drills: name and version. */
  readonly tool: string;
  readonly busyTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of each step when it is done. */
  readonly onStep: (step: Check) => Promise<void>;
}

const AUDIT = 'audit.jsonl';

/**
 * Drills a restore on a scratch copy and writes down how it went, sealed where there is a key. Returns whether all went
 * well. What is wrong with a step is in the record; where the drill cannot begin there is none: throws as `detectSystem`,
 * `ScratchFolder` and `Bundle` do, `USAGE` for a server of a system whose answers nobody knows, and the signal's reason.
 */
export async function recordedDrill(options: RecordedDrillOptions): Promise<boolean> {
  const { dbPath, folder, server, signer, tool, signal, onStep } = options;
  const system = systemOf(await detectSystem(dbPath, options), options);
  if (system.name === 'stigmem' && server !== undefined) {
    throw new MeshBackupError('USAGE', '--start is for authorities: what a well node answers is not known.');
  }
  const startedAt = new Date().toISOString();
  const scratch = await ScratchFolder.make();
  try {
    const bundle = await Bundle.begin(folder);
    try {
      const more = [...serverStep(server, system, bundle), ...exportStep(system, bundle, options)];
      const steps = await drill({ system, dbPath, folder: scratch.path, more, signal, onStep });
      const isGood = steps.every(({ state }) => state === 'ok');
      const facts = {
        tool,
        system: system.name,
        database: dbPath,
        server:
          server === undefined ? null : { url: server.authority.url.href, expected: server.expected.size },
        startedAt,
        endedAt: new Date().toISOString(),
        isGood,
        // Not the advice: it may quote a server, and that its secrets.
        steps: steps.map(({ what, state, text }) => ({ what, state, text })),
      };
      await bundle.commit('drill', facts, signer);
      return isGood;
    } finally {
      await bundle.discard();
    }
  } finally {
    await scratch.remove();
  }
}

function systemOf(
  name: DrilledSystem['name'],
  { signer: signingKey, busyTimeoutMs, signal }: RecordedDrillOptions,
): DrilledSystem {
  if (name === 'genesis') return genesisSystem({ busyTimeoutMs, signal });
  return stigmemSystem({ busyTimeoutMs, signal, signingKey, maxBytes: Infinity });
}

function serverStep(server: DrilledServer | undefined, system: DrilledSystem, bundle: Bundle): DrillStep[] {
  if (server === undefined) return [];
  const run = async (dbPath: string): Promise<string> => {
    const env = { ...server.env, ...system.environment(dbPath) };
    const { answers, isSeenInUse } = await tryServer({ ...server, env, dbPath });
    for (const answer of answers) await bundle.add(answerFile(answer), answer.body);
    const told = server.expected.size === 0 ? 'what it should' : 'what was expected';
    const use = isSeenInUse ? 'has the scratch database open' : 'was not seen to use the scratch database';
    return `it is ready, ${use}, and tells ${told}`;
  };
  return [{ what: 'start', run }];
}

function exportStep(
  system: DrilledSystem,
  bundle: Bundle,
  { busyTimeoutMs, signal }: RecordedDrillOptions,
): DrillStep[] {
  if (system.name !== 'genesis') return [];
  const run = async (dbPath: string): Promise<string> => {
    let events = 0;
    await bundle.add(AUDIT, async (write) => {
      const options = { dbPath, format: 'jsonl', busyTimeoutMs, signal } as const;
      ({ eventCount: events } = await exportAuditEvents(options, write));
    });
    return `${events} audit events, redacted`;
  };
  return [{ what: 'export', run }];
}
