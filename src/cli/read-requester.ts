import { MeshBackupError } from '../errors.ts';
import { verifyBond } from '../identity/bond.ts';
import { deriveKeypair } from '../identity/keypair.ts';
import { parseSoul } from '../identity/soul.ts';
import type { Requester } from '../mesh/request-signing.ts';
import type { CommandContext } from './command-module.ts';
import { line } from './line.ts';
import { readSoulText, type SoulFlags } from './soul-source.ts';

interface RequesterFlags extends SoulFlags {
  readonly name?: string;
}

/** The name to sign as. Throws `USAGE`. */
export function parseName(name: string | undefined): string {
  if (name === undefined || name === '') {
    throw new MeshBackupError('USAGE', 'Sign as whom? Name the nara with -name.');
  }
  if (/\p{Cc}/u.test(name)) throw new MeshBackupError('USAGE', 'A name has no control characters.');
  return name;
}

/** Who signs: name and soul. Warns of a soul that may not be the name's. Throws as `readSoulText` and `parseSoul` do. */
export async function readRequester(flags: RequesterFlags, context: CommandContext): Promise<Requester> {
  const name = parseName(flags.name);
  return requesterOf(name, await readSoulText(flags, { ...context, stdinIsData: false }), context);
}

/** As {@link readRequester}; `undefined` where no soul was given. */
export async function readRequesterIfAny(
  flags: RequesterFlags,
  context: CommandContext,
): Promise<Requester | undefined> {
  try {
    const text = await readSoulText(flags, { ...context, stdinIsData: false });
    return requesterOf(parseName(flags.name), text, context);
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'SOUL_MISSING') return undefined;
    throw error;
  }
}

function requesterOf(name: string, text: string, { output }: CommandContext): Requester {
  const soul = parseSoul(text);
  const bond = verifyBond(soul, name);
  if (bond === 'foreign') {
    output.warn(line`⚠️  The soul was not made for the name ${name}: peers know another key for it`);
  } else if (bond === 'bare') {
    output.warn(
      line`⚠️  The soul is a bare seed of 32 bytes: whether it is ${name}'s cannot be told (a nara ID looks alike)`,
    );
  }
  return { name, keypair: deriveKeypair(soul) };
}
