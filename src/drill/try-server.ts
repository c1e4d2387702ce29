import { NotJson } from '../event/json-cursor.ts';
import { readPythonJson, writePythonJson } from '../event/python-json.ts';
import {
  checkAuthority,
  isReady,
  type AuthorityAnswer,
  type AuthoritySettings,
} from '../managed/authority-check.ts';
import { readFileState } from '../jsonl/file-state.ts';
import { Deadline } from '../mesh/deadline.ts';
import { pause } from '../mesh/pause.ts';
import { findOwner } from '../sqlite/running-owner.ts';
import { sideFiles } from '../sqlite/side-files.ts';
import { failed } from './drill.ts';
import { Service } from './service.ts';

export interface TriedServer {
  /** For the shell; its environment names the scratch database. */
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  /** The scratch database. */
  readonly dbPath: string;
  readonly authority: AuthoritySettings;
  /** For it to be ready. */
  readonly startTimeoutMs: number;
  /** What it must answer, by the names of the answers; the others may be anything. */
  readonly expected: ReadonlyMap<string, Buffer>;
  readonly onLine?: (line: string) => void;
}

/** What came of it. */
export interface TrialOutcome {
  readonly answers: readonly AuthorityAnswer[];
  /** Whether the scratch database was seen in use: a server may have one of its own, whatever its environment names. */
  readonly isSeenInUse: boolean;
}

const LOOK_EVERY_MS = 100;

/**
 * Starts a server, waits until it is ready, checks what it tells, and stops it. Throws `DRILL_FAILED` where any of that is
 * not as it should be, `PLAIN_HTTP`, and the signal's reason.
 */
export async function tryServer(tried: TriedServer): Promise<TrialOutcome> {
  const untouched = await stateOf(tried.dbPath);
  if (await isReady(tried.authority)) {
    throw failed('somebody is ready at that URL before we start anything: the drill would check that one');
  }
  const service = new Service(tried);
  try {
    await waitUntilReady(service, tried);
    const answers = await checkAuthority(tried.authority);
    // Looked at last: one that cannot have its port because another has it takes its time to end.
    if (service.howEnded !== undefined) {
      throw failed(`another server answers there: ours is gone, ${service.howEnded}`, wordsOf(service));
    }
    const isSeenInUse = await isInUse(tried.dbPath, untouched);
    const wrong = answers.find(({ problem }) => problem !== undefined);
    if (wrong !== undefined) throw failed(`${wrong.path}: ${wrong.problem}`);
    for (const [name, body] of tried.expected) assertSaid(answers, name, body);
    if (!isSeenInUse && tried.expected.size === 0) {
      throw failed(
        'nobody has the scratch database open',
        'Does the command take DB_PATH from its environment?',
      );
    }
    await service.stop();
    if (await isReady(tried.authority)) throw failed('it still answers after it was stopped');
    return { answers, isSeenInUse };
  } finally {
    await service.stop();
  }
}

function wordsOf(service: Service): string | undefined {
  const said = service.lastWords();
  return said === '' ? undefined : `It said: ${said}`;
}

async function isInUse(dbPath: string, before: string): Promise<boolean> {
  return (await findOwner(dbPath)) !== undefined || (await stateOf(dbPath)) !== before;
}

/** Of the database and what SQLite lays beside it: anybody who uses it leaves a trace in one of them. */
async function stateOf(dbPath: string): Promise<string> {
  const states = await Promise.all([dbPath, ...sideFiles(dbPath)].map(readFileState));
  return JSON.stringify(states, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

async function waitUntilReady(service: Service, { authority, startTimeoutMs }: TriedServer): Promise<void> {
  const deadline = new Deadline(authority.signal, startTimeoutMs, () =>
    failed(`the server is not ready within ${startTimeoutMs / 1000} s`),
  );
  try {
    const { signal } = deadline;
    while (!(await isReady({ ...authority, signal }))) {
      if (service.howEnded !== undefined) {
        throw failed(`the server is not there: ${service.howEnded}`, wordsOf(service));
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  } finally {
    deadline.end();
  }
}

function assertSaid(answers: readonly AuthorityAnswer[], name: string, expected: Buffer): void {
  const answer = answers.find((one) => one.name === name);
  if (answer === undefined) return;
  if (canonical(answer.body) !== canonical(expected)) {
    throw failed(`${answer.path} does not tell what was expected`);
  }
}

/** The same for two texts that say the same: keys in another order do, numbers that JavaScript could not tell apart do not. */
function canonical(json: Buffer): string | undefined {
  try {
    return writePythonJson(readPythonJson(json), { itemSeparator: ',', keySeparator: ':', sortKeys: true });
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}
