import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Meter, measuredRecord } from '../../src/receipt/meter.ts';
import { sealReceipt } from '../../src/receipt/seal.ts';
import type { SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { ALICE, greeting, textOf } from '../archive/verifying.ts';

/** An events backup whose last event is from then; a number tells it from others of the same time. */
export function backupOf(time: string, number = 0): string {
  const ns = BigInt(Date.parse(time)) * 1_000_000n + BigInt(number);
  return textOf([greeting(ALICE, 0, ALICE, ns - 1_000_000_000n), greeting(ALICE, 0, ALICE, ns)]);
}

/** The receipt of a dump that ended then. */
export function receiptOf(
  text: string,
  endedAt: string,
  signer: SandboxIdentity = ALICE,
  more: { readonly exitStatus?: number; readonly command?: readonly string[] } = {},
): Buffer {
  const meter = new Meter(false, true);
  meter.raw(Buffer.from(text));
  const times = [...text.matchAll(/"ts":(\d+)/g)].map(([, ts]) => BigInt(ts!));
  const measured = { ...meter.measured, lines: times.length, firstTsNs: times[0], lastTsNs: times.at(-1) };
  const payload = {
    type: 'mesh-backup receipt',
    version: 1,
    requester: signer.name,
    endedAt,
    file: 'backup.jsonl',
    output: measuredRecord(measured),
    before: null,
    events: { read: times.length, written: times.length, duplicate: 0, quarantined: 0, filtered: 0 },
    peers: [],
    ...more,
  };
  return sealReceipt(JSON.stringify(payload), signer);
}

export async function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}
