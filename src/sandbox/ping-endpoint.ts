import { json, plainText, type Answer } from './answer.ts';
import { findFault, type Fault } from './faults.ts';
import { encodeGoJson } from './go-json.ts';

/** The answer to `GET /ping`. Source: specification, "Mesh HTTP". */
export function answerPing(
  shown: { name: string; publicKey: string; meshIp: string; nowNs: bigint },
  faults: readonly Fault[],
): Answer {
  if (findFault(faults, 'no-ping')) return plainText(404, '404 page not found');
  const pong = {
    from: shown.name,
    mesh_ip: shown.meshIp,
    public_key: findFault(faults, 'no-key') ? '' : shown.publicKey,
    t: shown.nowNs,
  };
  return json(`${encodeGoJson(pong)}\n`);
}
