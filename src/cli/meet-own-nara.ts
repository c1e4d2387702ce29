import { assertOwnNara, meetNara, type MetNara } from '../stash/own-nara.ts';
import type { StashClient } from '../stash/stash-client.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import type { StashFlags } from './stash-flags.ts';

/** Asks who is there, and goes on with a nara of another soul only where `--any-nara` says so. Throws as `assertOwnNara`. */
export async function meetOwnNara(
  client: StashClient,
  ownKey: string,
  { anyNara }: Pick<StashFlags, 'anyNara'>,
  output: Output,
  sealedFor?: string,
): Promise<MetNara> {
  const met = await meetNara(client);
  if (anyNara !== true) assertOwnNara(met, ownKey, sealedFor);
  else if (met.publicKey !== ownKey) {
    output.warn(line`⚠️  --any-nara: ${met.name || 'who is there'} is not of this soul`);
  }
  return met;
}
