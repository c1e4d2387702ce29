import { MeshBackupError } from '../errors.ts';

/** Trouble with a tailscaled: `MESH_DAEMON`. `reason` bears no secret. */
export function daemonFailed(
  reason: string,
  fields: { hint?: string; retryable?: boolean; cause?: unknown } = {},
): MeshBackupError {
  return new MeshBackupError('MESH_DAEMON', `Failed to connect to mesh: ${reason}`, fields);
}
