import { MeshBackupError } from '../errors.ts';
import { identityOf } from '../jsonl/file-identity.ts';
import { sideFiles } from './side-files.ts';

/** Asserts that two databases, links resolved, are not one, nor one's side file the other. Throws `SAME_FILE`. */
export async function assertDifferent(one: string, other: string): Promise<void> {
  const names = new Set([one, ...sideFiles(one)]);
  const isOne = names.has(other) || sideFiles(other).includes(one);
  const identity = await identityOf(one);
  if (!isOne && (identity === undefined || identity !== (await identityOf(other)))) return;
  throw new MeshBackupError('SAME_FILE', `${one} and ${other} are one database.`, {
    hint: 'Name another file.',
  });
}
