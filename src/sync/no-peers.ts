import { MeshBackupError } from '../errors.ts';

/** Nobody to ask, in the original's words. */
export function noPeers(): MeshBackupError {
  return new MeshBackupError('NO_PEERS', 'No peers discovered on mesh', {
    hint:
      'Are other naras online? Wait a few minutes; -verbose tells who is there. ' +
      'Or name them: --peer http://100.64.0.1:7433, --peers FILE.',
  });
}
