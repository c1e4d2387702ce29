import { MeshBackupError } from '../errors.ts';
import { ALL_ZERO_SOUL_KEY, type PublicKey } from '../identity/keypair.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { fetchPing, NO_PING, type PingAnswer } from '../mesh/ping.ts';
import type { PeerSession } from './peer-session.ts';
import type { AnswerVerdict } from './verify-answer.ts';
import { warn, type WalkReport } from './walk-report.ts';

/** Learns the peer's name and key. Throws `PEER_KEY` where it shows another key than the one given for it. */
export async function meetPeer(
  peer: PeerAddress,
  session: PeerSession,
  idleTimeoutMs: number,
  report: WalkReport,
): Promise<PublicKey | undefined> {
  const ping = await askPing(session, idleTimeoutMs);
  report.claimedName = ping.from;
  if (ping.from !== undefined) {
    if (peer.name === undefined) report.label = ping.from;
    else if (ping.from !== peer.name) warn(report, `calls itself ${ping.from}`);
  }
  if (ping.key !== undefined && peer.publicKey !== undefined && ping.key.text !== peer.publicKey.text) {
    throw new MeshBackupError('PEER_KEY', `shows the key ${ping.key.text}, not ${peer.publicKey.text}`, {
      hint: 'Somebody else answers at this address, or the nara has a new soul.',
    });
  }
  const key = peer.publicKey ?? ping.key;
  report.publicKey = key?.text;
  if (key === undefined) warn(report, 'shows no key: its answers prove nothing');
  if (key?.text === ALL_ZERO_SOUL_KEY) {
    warn(report, 'shows the key of the all-zero soul (its soul did not parse): anybody can sign for it');
  }
  return key;
}

/** A peer whose `/ping` stays an error says nothing of itself; its ledger may be there all the same. */
async function askPing(session: PeerSession, idleTimeoutMs: number): Promise<PingAnswer> {
  const unaccounted = { requests: 0, bytes: 0 };
  try {
    return await session.retrying(() =>
      fetchPing((request) => session.send({ ...request, idleTimeoutMs }, unaccounted)),
    );
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_STATUS') return NO_PING;
    throw error;
  }
}

const IDS_ONLY = 'signs the IDs of its events only: what it leaves out, or says beside them, is not covered';
const LONGEST_NAME = 256;

/**
 * Notes in the report what an answer's signature says; to be called once for each answer that is taken.
 * The key is what proves: an answer signed by it counts whatever name it bears. Where that is not the name that
 * `/ping` gave, which nothing covers, the signed one of the first answer is the one that the peer claims.
 */
export function noteSignature(
  report: WalkReport,
  verdict: AnswerVerdict | undefined,
  isFirst: boolean,
): void {
  const isSigned = verdict?.signature === 'whole' || verdict?.signature === 'ids';
  report.proven = isSigned && (isFirst || report.proven);
  if (verdict?.signature === 'ids') warn(report, IDS_ONLY);
  const signer = verdict?.signer ?? '';
  if (!isFirst || signer === '' || signer === report.claimedName) return;
  if (signer.length > LONGEST_NAME) {
    warn(report, `signs under a name of ${signer.length} characters`);
    return;
  }
  if (report.claimedName !== undefined) warn(report, `signs as ${signer}`);
  report.claimedName = signer;
}
