import { MeshBackupError } from '../errors.ts';
import { timeInName } from './time-in-name.ts';

/**
 * Where a restore keeps what is there before it: what the flag says, or `PREFIX-KEY-TIME.ENDING` in this folder, KEY being
 * the start of the nara's public key. `undefined`: nowhere. Throws `USAGE` for `-`.
 */
export function preRestorePath(
  flag: string | false | undefined,
  { prefix, ending }: { readonly prefix: string; readonly ending: string },
  publicKey: string,
  now: Date,
): string | undefined {
  if (flag === false || flag === '/dev/null') return undefined;
  if (flag === '-') {
    throw new MeshBackupError('USAGE', '--pre-restore takes the name of a file, not stdout.', {
      hint: '--no-pre-restore keeps nothing.',
    });
  }
  if (flag !== undefined) return flag;
  const key = publicKey.slice(0, 8).replaceAll('+', '-').replaceAll('/', '_');
  return `${prefix}-${key}-${timeInName(now)}.${ending}`;
}
