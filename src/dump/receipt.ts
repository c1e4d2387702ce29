import type { Keypair } from '../identity/keypair.ts';
import { measuredRecord } from '../receipt/meter.ts';
import { sealReceipt } from '../receipt/seal.ts';
import { peerRecord } from './peer-record.ts';
import type { DumpSummary } from './summary.ts';

/** What a receipt tells beside the dump's own summary. */
export interface ReceiptContext {
  /** Name and version of the tool. */
  readonly tool: string;
  /** As it was given, without secrets. */
  readonly command: readonly string[];
  /** The nara that asked, and whose key signs. */
  readonly requester: { readonly name: string; readonly keypair: Keypair };
  /** The backup's path; `undefined`: a stream. */
  readonly file: string | undefined;
  readonly exitStatus: number;
}

/**
 * Says, signed, what a dump wrote, what was there before, and what each peer gave. Two lines: the payload, and
 * `{"key","sig"}`, the Ed25519 signature of `mesh-backup:receipt:v1:` + the payload's bytes without its line feed.
 * Source: docs/receipt.md.
 */
export function makeReceipt(summary: DumpSummary, context: ReceiptContext): Buffer {
  const { tool, command, requester, file, exitStatus } = context;
  const { startedMs, elapsedMs, output, before, events, peers, suspects } = summary;
  const payload = JSON.stringify({
    type: 'mesh-backup receipt',
    version: 1,
    tool,
    command,
    requester: requester.name,
    startedAt: new Date(startedMs).toISOString(),
    endedAt: new Date(startedMs + elapsedMs).toISOString(),
    exitStatus,
    file: file ?? null,
    output: measuredRecord(output),
    before: before === undefined ? null : measuredRecord(before),
    events,
    suspects,
    peers: peers.map(peerRecord),
  });
  return sealReceipt(payload, requester.keypair);
}
