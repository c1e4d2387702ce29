import { MeshBackupError } from '../errors.ts';
import { ALL_ZERO_SOUL_KEY, type PublicKey } from '../identity/keypair.ts';
import type { PeerConnection } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { fetchPing } from '../mesh/ping.ts';
import type { AnswerVerdict } from './verify-answer.ts';
import type { WalkReport } from './walk-report.ts';

/** Learns the peer's name and key. Throws `PEER_KEY` where it shows another key than the one given for it. */
export async function meetPeer(
  peer: PeerAddress,
  options: {
    readonly connection: PeerConnection;
    readonly firstByteTimeoutMs: number;
    readonly signal: AbortSignal;
  },
  report: WalkReport,
): Promise<PublicKey | undefined> {
  const { connection, firstByteTimeoutMs: idleTimeoutMs, signal } = options;
  const ping = await fetchPing(connection, { idleTimeoutMs, signal });
  report.claimedName = ping.from;
  if (ping.from !== undefined) {
    if (peer.name === undefined) report.label = ping.from;
    else if (ping.from !== peer.name) report.warnings.push(`calls itself ${ping.from}`);
  }
  if (ping.key !== undefined && peer.publicKey !== undefined && ping.key.text !== peer.publicKey.text) {
    throw new MeshBackupError('PEER_KEY', `shows the key ${ping.key.text}, not ${peer.publicKey.text}`, {
      hint: 'Somebody else answers at this address, or the nara has a new soul.',
    });
  }
  const key = peer.publicKey ?? ping.key;
  report.publicKey = key?.text;
  if (key === undefined) report.warnings.push('shows no key: its answers prove nothing');
  if (key?.text === ALL_ZERO_SOUL_KEY) {
    report.warnings.push(
      'shows the key of the all-zero soul (its soul did not parse): anybody can sign for it',
    );
  }
  return key;
}

const IDS_ONLY = 'signs the IDs of its events only: what it leaves out, or says beside them, is not covered';

/**
 * Notes in the report what an answer's signature says; to be called once for each answer, before its events are counted.
 * The key is what proves: an answer signed by it counts whatever name it bears. Where that is not the name that
 * `/ping` gave, which nothing covers, the signed one of the first answer is the one that the peer claims.
 */
export function noteSignature(report: WalkReport, verdict: AnswerVerdict | undefined): void {
  const isFirst = report.requests === 1;
  const isSigned = verdict?.signature === 'whole' || verdict?.signature === 'ids';
  report.proven = isSigned && (isFirst || report.proven);
  if (verdict?.signature === 'ids' && !report.warnings.includes(IDS_ONLY)) report.warnings.push(IDS_ONLY);
  const signer = verdict?.signer ?? '';
  if (!isFirst || signer === '' || signer === report.claimedName) return;
  if (report.claimedName !== undefined) report.warnings.push(`signs as ${signer}`);
  report.claimedName = signer;
}
