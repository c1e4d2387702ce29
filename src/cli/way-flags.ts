import { Option, type Command } from 'commander';
import { parseDurationMs } from './duration.ts';
import { optionValue } from './option-value.ts';

/** The flags that say how the one server of a command is reached, and how long to wait for it. */
export interface WayFlags {
  /** ms. */
  readonly requestTimeout: number;
  /** ms. */
  readonly connectTimeout: number;
  readonly caFile?: string;
  readonly insecure?: true;
  readonly insecureHttp?: true;
}

/** `plainHttp`: what `--insecure-http` does, and what may come of it. */
export function declareWayFlags(command: Command, plainHttp: string): void {
  const duration = optionValue(parseDurationMs);
  command
    .addOption(
      new Option('--request-timeout <duration>', 'for one request')
        .argParser(duration)
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--connect-timeout <duration>', 'for the connection')
        .argParser(duration)
        .default(10_000, '10s'),
    )
    .option('--ca-file <file>', "trust these certificates as well as the system's")
    .option('--insecure', 'take any certificate')
    .option('--insecure-http', plainHttp);
}
