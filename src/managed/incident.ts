import type { SigningKey } from '../keys/signing-key.ts';
import type { AuditSelection } from './audit-events.ts';
import { exportAuditEvents } from './audit-export.ts';
import { checkAuthority, type AuthorityAnswer, type AuthoritySettings } from './authority-check.ts';
import { backUpAuthority } from './back-up-authority.ts';
import { Bundle } from './bundle.ts';
import { RUNBOOKS, type Runbook } from './runbooks.ts';
import { answerFile } from './saved-answers.ts';

export interface IncidentOptions extends AuditSelection {
  readonly dbPath: string;
  /** The new folder. */
  readonly folder: string;
  /** Chooses the types of events where none are named. */
  readonly runbook: Runbook | undefined;
  /** Its answers are kept, too. */
  readonly authority: AuthoritySettings | undefined;
  /** A copy of the database, secrets and all. */
  readonly withDatabase: boolean;
  readonly signer: SigningKey | undefined;
  /** Who gathers it: name and version. */
  readonly tool: string;
  readonly busyTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly now?: () => Date;
}

export interface IncidentSummary {
  readonly events: number;
  /** Left out: whether they are of that time cannot be read. */
  readonly eventsWithoutTime: number;
  readonly answers: readonly AuthorityAnswer[];
}

const AUDIT = 'audit.jsonl';
const DATABASE = 'authority.db';

/**
 * Gathers the evidence of an incident into one folder, and seals it. Throws as `Bundle`, `exportAuditEvents` and
 * `backUpAuthority` do, `PLAIN_HTTP`, and the signal's reason; then there is no folder.
 */
export async function gatherIncident(options: IncidentOptions): Promise<IncidentSummary> {
  const { dbPath, folder, runbook, authority, withDatabase, signer, tool, sinceNs, untilNs } = options;
  const { busyTimeoutMs, signal, now = () => new Date() } = options;
  const eventTypes = options.eventTypes?.length ? options.eventTypes : eventTypesOf(runbook);
  const bundle = await Bundle.begin(folder);
  try {
    let events = { eventCount: 0, undatedCount: 0 };
    await bundle.add(AUDIT, async (write) => {
      const chosen = { dbPath, eventTypes, sinceNs, untilNs, busyTimeoutMs, signal };
      events = await exportAuditEvents({ ...chosen, format: 'jsonl', spillFolder: bundle.folder }, write);
    });
    if (withDatabase) {
      await backUpAuthority(dbPath, bundle.place(DATABASE), { busyTimeoutMs, signal });
      await bundle.include(DATABASE);
    }
    const answers = authority === undefined ? [] : await checkAuthority(authority);
    for (const answer of answers) {
      if (answer.status !== undefined) await bundle.add(answerFile(answer), answer.body);
    }
    const facts = {
      tool,
      takenAt: now().toISOString(),
      database: dbPath,
      runbook: runbook ?? null,
      since: isoOf(sinceNs),
      until: isoOf(untilNs),
      eventTypes,
      events: events.eventCount,
      eventsWithoutTime: events.undatedCount,
      authority: authority?.url.href ?? null,
      answers: answers.map(({ path, status, problem }) => ({ path, status, problem })),
    };
    await bundle.commit('incident', facts, signer);
    return { events: events.eventCount, eventsWithoutTime: events.undatedCount, answers };
  } finally {
    await bundle.discard();
  }
}

function eventTypesOf(runbook: Runbook | undefined): readonly string[] {
  return runbook === undefined ? [] : RUNBOOKS[runbook].eventTypes;
}

/** As text, to the second; what is too far away for that is told in nanoseconds. */
function isoOf(momentNs: bigint | undefined): string | null {
  if (momentNs === undefined) return null;
  const moment = new Date(Number(momentNs / 1_000_000n));
  return Number.isNaN(moment.getTime()) ? `${momentNs} ns` : moment.toISOString();
}
