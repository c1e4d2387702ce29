import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { RESTORE_DEFAULTS, type RestoreOptions } from '../../src/restore/restore-options.ts';
import type { RestoreSummary } from '../../src/restore/restore-summary.ts';
import { restore } from '../../src/restore/restore.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';

export const ALICE: SandboxIdentity = makeIdentity('alice', new Prng('alice'));
export const BOB: SandboxIdentity = makeIdentity('bob', new Prng('bob'));
export const CAROL: SandboxIdentity = makeIdentity('carol', new Prng('carol'));

/** Starts alice, on her web door; she sees bob and carol online. Closed at the end of the test. */
export async function startAlice(options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const neighbours = [BOB, CAROL].map(({ name }) => ({ name, isOnline: true }));
  const nara = await startNara({ identity: ALICE, door: 'web', neighbours, ...options });
  onTestFinished(() => nara.close());
  return nara;
}

/** Restores lines into a nara with everything at its default, but for what `options` say; nothing is saved first. */
export async function restoreLines(
  nara: Pick<SandboxNara, 'url'>,
  lines: readonly string[],
  options: Partial<RestoreOptions> = {},
): Promise<RestoreSummary> {
  const path = join(tmpdir(), `mesh-backup-test-${randomUUID()}.jsonl`);
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  const file = (await LineFile.open(path))!;
  const http = new PeerHttp({ connectTimeoutMs: 5_000 });
  try {
    return await restore({
      ...RESTORE_DEFAULTS,
      http,
      url: new URL(nara.url),
      keypair: ALICE,
      files: [file],
      requestTimeoutMs: 10_000,
      quietMs: 30,
      isClockFixSafe: () => true,
      signal: new AbortController().signal,
      ...options,
    });
  } finally {
    await http.close();
    await file.close();
    await rm(path);
  }
}
