import { MeshBackupError } from '../errors.ts';

/** One peer's trouble never ends the others' walks, not even where it is a mistake of ours. */
export function namePeerFailure(error: unknown, signal: AbortSignal): MeshBackupError {
  if (error instanceof MeshBackupError) return error;
  if (signal.aborted && error === signal.reason) {
    return new MeshBackupError('INTERRUPTED', 'stopped', { cause: error });
  }
  return new MeshBackupError('INTERNAL', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
