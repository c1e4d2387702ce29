import { MeshBackupError } from '../errors.ts';
import type { Door } from './answer.ts';
import type { Fault } from './faults.ts';
import { encodeGoJson } from './go-json.ts';
import { makeHistory, type History, type HistoryOptions } from './history.ts';
import type { IntroductionRule } from './introduction.ts';
import { startNara, type SandboxNara } from './nara.ts';
import type { SandboxIdentity } from './sandbox-identity.ts';

export interface MeshOptions extends Partial<HistoryOptions> {
  /** By nara name. */
  readonly faults?: ReadonlyMap<string, readonly Fault[]>;
  /** Unix nanoseconds; the default is the system's clock. */
  readonly clock?: () => bigint;
  readonly introduction?: IntroductionRule;
  /** Which of their doors all of them open; default `mesh`. */
  readonly door?: Door;
}

/** As many as a real nara looks for. */
const CONFIDANTS = 3;

/** A whole mesh of sandbox naras, who all know each other. */
export interface SandboxMesh {
  readonly naras: readonly SandboxNara[];
  /** alice, whom all of them know: sign as her. */
  readonly requester: SandboxIdentity;
  /** The truth, before any nara lied about it. */
  readonly history: History;
  readonly close: () => Promise<void>;
}

/**
 * Starts a mesh: alice, bob, carol, dave, erin, …; 5 naras with 20,000 events each by default.
 * Throws `USAGE` for faults of a nara that is not there.
 */
export async function startMesh(options: MeshOptions = {}): Promise<SandboxMesh> {
  const { faults = new Map<string, readonly Fault[]>(), clock, introduction, door = 'mesh' } = options;
  const history = makeHistory({
    ...options,
    naras: options.naras ?? 5,
    eventsPerNara: options.eventsPerNara ?? 20_000,
  });
  const knownKeys = new Map(history.naras.map((nara) => [nara.name, nara.publicKey]));
  const stranger = [...faults.keys()].find((name) => !knownKeys.has(name));
  if (stranger !== undefined) {
    throw new MeshBackupError(
      'USAGE',
      `No nara is called "${stranger}": there are ${[...knownKeys.keys()].join(', ')}.`,
    );
  }
  const naras: SandboxNara[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(naras.map((nara) => nara.close()));
  };
  try {
    for (const [index, identity] of history.naras.entries()) {
      const nara = await startNara({
        identity,
        events: history.ledgers[index]!,
        faults: faults.get(identity.name) ?? [],
        knownKeys,
        door,
        stash: {
          document: `{"kept_by":${encodeGoJson(identity.name)},"note":"a stash of the sandbox","seen":[0.5,1e3]}`,
          confidants: history.naras
            .filter((other) => other !== identity)
            .slice(0, CONFIDANTS)
            .map(({ name, naraId: id }) => ({ id, name, isOnline: true })),
        },
        meshIp: `100.64.${index >> 8}.${index & 255}`,
        ...(clock && { clock }),
        ...(introduction && { introduction }),
      });
      naras.push(nara);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { naras, requester: history.naras[0]!, history, close };
}
