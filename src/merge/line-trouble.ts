import { mayStand, proveEvent, suspicion } from '../event/proof.ts';
import type { BackupLine } from './backup-line.ts';

/** Why a line may not stand in a backup, as records of quarantine have it. */
export interface LineTrouble {
  readonly class: 'broken' | 'misfit' | 'hostile';
  readonly reason: string;
}

/** Why a line may not stay in a backup, `undefined` if it may. */
export function lineTrouble(
  line: Exclude<BackupLine, { kind: 'blank' }>,
  keepMisfits: boolean,
): LineTrouble | undefined {
  if (line.kind === 'broken') return { class: 'broken', reason: line.reason };
  const proof = proveEvent(line.event);
  if (mayStand(proof, keepMisfits) || proof.class === 'id' || proof.class === 'unknown-service')
    return undefined;
  return { class: proof.class, reason: suspicion(proof)! };
}
