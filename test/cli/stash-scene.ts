import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseSoul } from '../../src/identity/soul.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type SandboxNara } from '../../src/sandbox/nara.ts';
import type { StashOptions } from '../../src/sandbox/nara-stash.ts';
import type { SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { openStash, parseEnvelope, sealStash } from '../../src/stash/envelope.ts';
import { ALICE } from '../restore/restoring.ts';
import { run, type Finished } from './spawn.ts';

/** What Go writes as it reads it. */
export const DOCUMENT = '{"a":[1.5,"\\u003c🌸"],"keys":{"pin":"s3cret"},"z":9007199254740992}';
const CONFIDANTS = [
  { id: 'b', name: 'bob', isOnline: true },
  { id: 'c', name: 'carol', isOnline: false },
];

interface Scene extends StashOptions {
  readonly identity?: SandboxIdentity;
  readonly faults?: string;
  readonly door?: 'web' | 'mesh';
}

/** A nara that holds no stash unless it is given one; somebody would keep it. */
export async function nara({
  identity = ALICE,
  faults = '',
  door = 'web',
  ...stash
}: Scene = {}): Promise<SandboxNara> {
  const started = await startNara({
    identity,
    door,
    faults: faults.split(' ').filter(Boolean).map(parseFault),
    stash: { confidants: CONFIDANTS, ...stash },
  });
  onTestFinished(() => started.close());
  return started;
}

/** An empty folder, for as long as the test runs. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

interface Job {
  readonly soul?: string;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Runs `dump-stash`, with Alice's soul unless another is given. */
export async function dump(
  from: { url: string },
  args: readonly string[] = [],
  job: Job = {},
): Promise<Finished> {
  const { soul = ALICE.soul, ...more } = job;
  return run('bin/dump-stash.js', ['-nara-url', from.url, ...args], { env: { NARA_SOUL: soul }, ...more });
}

/** Runs `restore-stash` in a folder of its own, with Alice's soul unless another is given. */
export async function restore(
  to: { url: string },
  args: readonly string[],
  job: Job = {},
): Promise<Finished> {
  const { soul = ALICE.soul, cwd = await makeFolder(), ...more } = job;
  return run('bin/restore-stash.js', ['-nara-url', to.url, ...args], {
    env: { NARA_SOUL: soul },
    cwd,
    ...more,
  });
}

/** The file that `dump-stash` makes of a document, taken some day. */
export function seal(document: string, who: SandboxIdentity = ALICE): string {
  const label = { name: who.name, timestamp: 1_769_000_000, takenAt: '2026-01-21T13:00:00.000Z' };
  return `${sealStash(parseSoul(who.soul), label, Buffer.from(document))}\n`;
}

/** The document in a file of `dump-stash`. */
export function unseal(envelope: string, who: SandboxIdentity = ALICE): string {
  return openStash(parseSoul(who.soul), parseEnvelope(Buffer.from(envelope))).toString();
}

/** The paths of what was posted. */
export function sentTo({ requests }: SandboxNara): string[] {
  return requests.filter(({ method }) => method === 'POST').map(({ path }) => path);
}
