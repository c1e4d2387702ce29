import pLimit from 'p-limit';
import { MeshBackupError } from '../errors.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { judgeAllFailed } from './all-failed.ts';
import { noPeers } from './no-peers.ts';
import { surveyPeer, type PeerSurvey, type SurveyOptions } from './survey-peer.ts';

/** Looks at all peers, some at a time; the surveys come in the order of the peers. Never throws for a peer's trouble. */
export async function surveyPeers(
  peers: readonly PeerAddress[],
  workers: number,
  options: SurveyOptions,
): Promise<PeerSurvey[]> {
  const limit = pLimit(workers);
  return Promise.all(peers.map((peer) => limit(() => surveyPeer(peer, options))));
}

/** What surveys come to: `undefined` when no peer was in trouble, else the error that gives the exit status. */
export function judgeSurveys(surveys: readonly PeerSurvey[]): MeshBackupError | undefined {
  if (surveys.length === 0) return noPeers();
  const troubles = surveys.flatMap(({ trouble }) => trouble ?? []);
  if (troubles.length === 0) return undefined;
  if (troubles.length === surveys.length) return judgeAllFailed(surveys.length, troubles);
  return new MeshBackupError('INCOMPLETE', `${troubles.length} of ${surveys.length} peers failed.`);
}
