import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { parseTargetUrl } from '../mesh/target-url.ts';
import { StashClient } from '../stash/stash-client.ts';
import type { CommandContext } from './command-module.ts';
import { line } from './line.ts';
import { declareSoulFlags, type SoulFlags } from './soul-source.ts';
import { openTargetHttp } from './target-http.ts';
import { declareWayFlags, type WayFlags } from './way-flags.ts';

/** What both stash commands have. */
export interface StashFlags extends SoulFlags, WayFlags {
  readonly naraUrl?: string;
  readonly plain?: true;
  readonly anyNara?: true;
}

/** The flags that say which nara; the command's own come after. */
export function declareNaraFlags(command: Command): void {
  command.option('--nara-url <url>', "where the nara's web server is");
  declareSoulFlags(command);
  command.option('--any-nara', 'go on although the nara is not of this soul');
}

/** The flags that say how to get there. */
export function declareStashWayFlags(command: Command): void {
  declareWayFlags(command, 'plain http to anywhere: a listener could read\nthe stash and replace it');
}

/** The URL of `-nara-url`. Throws `USAGE`. */
export function naraUrlOf({ naraUrl }: StashFlags): URL {
  if (naraUrl === undefined)
    throw new MeshBackupError('USAGE', 'The stash of which nara? Name it with -nara-url.');
  return parseTargetUrl(naraUrl);
}

/** A client that `run` has to itself, and everything that it opened. Throws as both, and for a CA file that cannot be used. */
export async function withStashClient<T>(
  flags: StashFlags,
  url: URL,
  { output, env, signal }: CommandContext,
  run: (client: StashClient) => Promise<T>,
): Promise<T> {
  if (flags.insecure) output.warn(line`⚠️  --insecure: nobody knows who answers, and who reads the stash`);
  if (flags.insecureHttp)
    output.warn(line`⚠️  --insecure-http: whoever listens on the way can read the stash and replace it`);
  const http = await openTargetHttp(flags, env);
  try {
    return await run(
      new StashClient({
        http,
        url,
        requestTimeoutMs: flags.requestTimeout,
        signal,
        onRedirected: ({ href }) => {
          output.warn(line`⚠️  The server is at ${href}`);
        },
      }),
    );
  } finally {
    await http.close();
  }
}
