import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../src/archive/verdict.ts';
import type { VerifyInput, VerifyOptions } from '../../src/archive/verify-options.ts';
import type { VerifySummary } from '../../src/archive/verify-summary.ts';
import { verify } from '../../src/archive/verify.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';

const prng = new Prng('verify');
export const [ALICE, BOB, CAROL, MALLORY] = ['alice', 'bob', 'carol', 'mallory'].map((name) =>
  makeIdentity(name, prng),
) as [SandboxIdentity, SandboxIdentity, SandboxIdentity, SandboxIdentity];

export const START_NS = 1_768_800_000_000_000_000n;

/** A greeting of somebody, signed by itself unless another is named. */
export function greeting(who: SandboxIdentity, at = 0, signer = who, startNs = START_NS): string {
  const payload = { From: who.name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
  return makeEvent({ tsNs: startNs + BigInt(at), svc: 'hey-there', payload, signer }).line;
}

/** That somebody saw bob, signed by whom is named. */
export function sight(observer: string, at: number, signer?: SandboxIdentity): string {
  const payload = { observer, subject: 'bob', via: `mesh ${at}` };
  return makeEvent({ tsNs: START_NS + BigInt(at), svc: 'seen', payload, ...(signer && { signer }) }).line;
}

export function checkpoint(at: number, voters: readonly SandboxIdentity[]): string {
  const tsNs = START_NS + BigInt(at);
  const payload = makeCheckpoint(
    {
      version: 1,
      subject: 'bob',
      subjectId: BOB.naraId,
      restarts: 3,
      totalUptime: 1000 + at,
      startTime: 1_700_000_000,
      asOfTime: Number(tsNs / 1_000_000_000n),
      round: 1,
    },
    voters,
  );
  return makeEvent({ tsNs, svc: 'checkpoint', payload }).line;
}

export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

export interface Verified {
  readonly summary: VerifySummary;
  readonly findings: readonly Finding[];
}

type Settings = Partial<Omit<VerifyOptions, 'inputs'>> & Pick<VerifyInput, 'receipt'>;

/** Verifies files of these contents, in this thread. */
export async function verifyTexts(
  contents: readonly (string | Uint8Array)[],
  { receipt, ...options }: Settings = {},
): Promise<Verified> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  const files: LineFile[] = [];
  try {
    for (const [at, content] of contents.entries()) {
      const path = join(folder, `${at}.jsonl`);
      await writeFile(path, content);
      files.push((await LineFile.open(path))!);
    }
    return await verifyFiles(files, { ...(receipt && { receipt }), ...options });
  } finally {
    await Promise.all(files.map((file) => file.close()));
    await rm(folder, { recursive: true });
  }
}

export async function verifyFiles(
  files: readonly LineFile[],
  { receipt, ...options }: Settings = {},
): Promise<Verified> {
  const findings: Finding[] = [];
  const summary = await verify({
    inputs: files.map((file) => ({ file, ...(receipt && { receipt }) })),
    workers: 0,
    onFinding: (finding) => void findings.push(finding),
    ...options,
  });
  return { summary, findings };
}

export function verifyLines(lines: readonly string[], settings: Settings = {}): Promise<Verified> {
  return verifyTexts([textOf(lines)], settings);
}
