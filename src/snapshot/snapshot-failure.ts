import { MeshBackupError } from '../errors.ts';

export function notTar(why: string, hint?: string): MeshBackupError {
  const fields = hint === undefined ? {} : { hint };
  return new MeshBackupError('SNAPSHOT_FORMAT', `The file is no snapshot: ${why}.`, fields);
}

export function snapshotCut(): MeshBackupError {
  return new MeshBackupError('SNAPSHOT_CUT', 'The snapshot ends before its end.', {
    hint: 'Was it copied whole?',
  });
}

export function notAFile(what: string): MeshBackupError {
  return new MeshBackupError('NOT_A_FILE', `The snapshot holds ${what}.`);
}

export function unsafeName(what: string): MeshBackupError {
  return new MeshBackupError('UNSAFE_NAME', `The snapshot holds ${what}.`);
}
