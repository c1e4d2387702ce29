import { Option, type Command } from 'commander';
import { parseTargetUrl } from '../mesh/target-url.ts';
import type { CommandContext } from './command-module.ts';
import { parseDurationMs } from './duration.ts';
import { line } from './line.ts';
import { optionValue } from './option-value.ts';
import { declareWayFlags, type WayFlags } from './way-flags.ts';

/** The flags that say how to get to a Stigmem node. */
export interface NodeWayFlags extends WayFlags {
  readonly nodeUrl?: string;
  readonly timeout: number;
}

const DEFAULT_URL = 'http://localhost:8765';

export function declareNodeWayFlags(command: Command): void {
  command.addOption(
    new Option('--timeout <duration>', 'for everything')
      .argParser(optionValue(parseDurationMs))
      .default(600_000, '10m'),
  );
  declareWayFlags(command, 'plain http to anywhere: a listener could read\nthe key and the facts');
}

/** The URL of the node: of the flag, else `STIGMEM_URL`, else a node on this machine. Throws `USAGE`. */
export function nodeUrlOf({ nodeUrl }: NodeWayFlags, env: NodeJS.ProcessEnv): URL {
  if (nodeUrl !== undefined) return parseTargetUrl(nodeUrl, { flag: '--node-url', server: 'node' });
  const url = env['STIGMEM_URL'] ?? '';
  return parseTargetUrl(url === '' ? DEFAULT_URL : url, { flag: 'STIGMEM_URL', server: 'node' });
}

/** Says what the flags give up. */
export function warnOfOpenWay(flags: NodeWayFlags, { output }: CommandContext): void {
  if (flags.insecure)
    output.warn(line`⚠️  --insecure: nobody knows who answers, and who reads the key and the facts`);
  if (flags.insecureHttp)
    output.warn(line`⚠️  --insecure-http: whoever listens on the way can read the key and the facts`);
}
