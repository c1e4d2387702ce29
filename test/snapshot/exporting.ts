import { onTestFinished } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { exportFacts, type ExportFactsOptions, type FactExport } from '../../src/snapshot/export-facts.ts';
import { factsMarkdown, type FactsMarkdown } from '../../src/snapshot/facts-markdown.ts';
import type { FactServer } from './fact-server.ts';

/** An export of `team:ops` in scope team, quick to give up. */
export async function exportFrom(
  { url }: Pick<FactServer, 'url'>,
  options: Partial<ExportFactsOptions> = {},
): Promise<FactExport> {
  const http = new PeerHttp({ connectTimeoutMs: 5_000, plainHttp: 'near' });
  onTestFinished(() => http.close());
  return exportFacts({
    http,
    url,
    apiKey: undefined,
    scope: 'team',
    entities: ['team:ops'],
    includeContradicted: false,
    includeExpired: false,
    contradictions: false,
    limit: 500,
    maxFacts: 10_000,
    requestTimeoutMs: 5_000,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    ...options,
    bounds: { firstRetryMs: 5, ...options.bounds },
  });
}

export function markdownOf(exported: FactExport, maxCharacters = 65_536): FactsMarkdown {
  return factsMarkdown(exported, {
    nodeUrl: new URL('http://node.example:8765'),
    scope: 'team',
    includeContradicted: false,
    includeExpired: false,
    exportedAt: new Date('2026-08-24T03:00:00Z'),
    maxCharacters,
  });
}

/** What an export ends with. */
export async function failureOf(exporting: Promise<unknown>): Promise<MeshBackupError> {
  const error = await exporting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MeshBackupError) return error;
  throw new Error(`no error of ours: ${String(error)}`);
}
