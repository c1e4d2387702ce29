import type { Check } from '../doctor/check.ts';
import type { AuthorityAnswer, AuthoritySettings } from '../managed/authority-check.ts';
import { parseTargetUrl } from '../mesh/target-url.ts';
import type { CommandContext } from './command-module.ts';
import { line } from './line.ts';
import { openTargetHttp } from './target-http.ts';
import type { WayFlags } from './way-flags.ts';

/** Throws `USAGE`. */
export function parseAuthorityUrl(text: string, flag: string): URL {
  return parseTargetUrl(text, { flag, server: 'authority' });
}

/** What asking an authority takes, open for as long as `run` does. Throws `USAGE`, `FILE_UNREADABLE`, and what `run` throws. */
export async function withAuthority<T>(
  text: string,
  flag: string,
  flags: WayFlags,
  { output, env, signal }: CommandContext,
  run: (settings: AuthoritySettings) => Promise<T>,
): Promise<T> {
  const url = parseAuthorityUrl(text, flag);
  if (flags.insecure) output.warn(line`⚠️  --insecure: nobody knows who answers`);
  const http = await openTargetHttp(flags, env);
  try {
    return await run({ http, url, requestTimeoutMs: flags.requestTimeout, signal });
  } finally {
    await http.close();
  }
}

/** An answer as a report has it. */
export function answerCheck({ name, problem, body }: AuthorityAnswer): Check {
  if (problem === undefined) return { what: name, state: 'ok', text: `${body.length} bytes of JSON` };
  return { what: name, state: 'failure', text: problem };
}
