import { CommanderError } from 'commander';
import { MeshBackupError } from '../errors.ts';

/**
 * The one place where whatever was thrown becomes an error of ours, with its code and exit status.
 * `interruption` tells a call that was aborted by a signal from one that failed.
 */
export function failureOf(thrown: unknown, interruption: AbortSignal): MeshBackupError {
  if (thrown instanceof MeshBackupError) return thrown;
  if (thrown instanceof CommanderError) return new MeshBackupError('USAGE', usageMessage(thrown));
  if (interruption.aborted && thrown instanceof Error && thrown.name === 'AbortError') {
    return interruption.reason as MeshBackupError;
  }
  return new MeshBackupError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), {
    hint: 'This is a mistake of ours, not of yours. MESH_BACKUP_DEBUG=1 shows where it happened.',
    cause: thrown,
  });
}

/** Commander begins with `error: ` and puts its suggestion on a line of its own. */
function usageMessage(error: CommanderError): string {
  return error.message.replace(/^error: /, '').replaceAll('\n', ' ');
}
