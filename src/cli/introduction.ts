import { isIP } from 'node:net';
import { MeshBackupError } from '../errors.ts';
import { Introducer } from '../mesh/introducer.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { hostOf } from '../mesh/url-parts.ts';
import type { Introduce } from '../sync/walk-peer.ts';
import type { DumpFlags } from './dump-flags.ts';
import { line } from './line.ts';
import type { OpenMesh } from './open-mesh.ts';
import type { Output } from './output.ts';
import { splitLists } from './selection-flags.ts';

/** Throws `USAGE` for an introduction that would lose events: what is not fetched now is deleted there. */
export function assertWholeIntroduction({ introduce, since, until, svc, nara }: DumpFlags): void {
  if (introduce === undefined || [since, until, svc, nara].every((filter) => filter === undefined)) return;
  throw new MeshBackupError(
    'USAGE',
    '--introduce is for whole dumps: it goes with no --since, --until, --svc, --nara.',
    {
      hint: 'A peer that is told who we are deletes its events about us. select takes out what you want, later.',
    },
  );
}

/**
 * How the peers that `--introduce` names are let ask for our key; `undefined` without the flag. Says what it costs, and
 * who is named and not there. Throws `USAGE` where nobody could reach us.
 */
export function introduction(
  flags: DumpFlags,
  { mesh, requester, output }: { mesh: OpenMesh; requester: Requester; output: Output },
): ((peer: PeerAddress) => Introduce | undefined) | undefined {
  const names = splitLists(flags.introduce);
  if (names.length === 0) return undefined;
  if (mesh.membership === undefined) {
    throw new MeshBackupError('USAGE', '--introduce needs us on the mesh: peers call us back there.', {
      hint: 'With peers that are named, too: --mesh host or --mesh own.',
    });
  }
  if (flags.dryRun) {
    output.warn(line`⚠️  --introduce: a dry run introduces nobody`);
    return undefined;
  }
  output.warn(
    line`⚠️  --introduce: a peer that is told who ${requester.name} is deletes its events about ${requester.name} within minutes; what it holds is fetched first`,
  );
  for (const name of names) {
    if (name !== 'all' && !mesh.peers.some((peer) => isCalled(peer, name))) {
      output.warn(line`⚠️  --introduce: no peer here is called ${name}`);
    }
  }
  const introducer = new Introducer(mesh.membership, requester);
  return (peer) => {
    const address = hostOf(peer.url);
    const isNamed = names.some((name) => name === 'all' || isCalled(peer, name));
    if (!isNamed || isIP(address) === 0) return undefined;
    return (ask, onTold) => introducer.during(address, ask, onTold);
  };
}

function isCalled({ name, url }: PeerAddress, word: string): boolean {
  return [name, hostOf(url), url.host].includes(word);
}
