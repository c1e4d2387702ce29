/** The incidents that have a runbook, and which audit events belong to each. Source: specification, "Incidents"; docs/managed.md. */
export const RUNBOOKS = {
  'operator-key': { title: 'an operator key is compromised', eventTypes: [] },
  'bad-treaty': { title: 'a bad treaty was issued', eventTypes: ['recognition_treaty_issued'] },
  'bad-feed': {
    title: 'a bad revocation feed was imported',
    eventTypes: ['sovereign_revocation_feed_imported', 'sovereign_revocation_feed_rejected'],
  },
  database: { title: 'the database is corrupt or was rolled back', eventTypes: [] },
  'blast-radius': { title: "review of a revocation's blast radius", eventTypes: [] },
} as const satisfies Record<string, { title: string; eventTypes: readonly string[] }>;

export type Runbook = keyof typeof RUNBOOKS;
