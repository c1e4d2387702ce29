import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkEvidence, type Proven, type Vouched } from '../evidence/check-evidence.ts';
import { MAX_EVIDENCE_BYTES, parseEvidenceName } from '../evidence/evidence-file.ts';
import { isUnfinished } from '../evidence/evidence-folder.ts';
import { codeOf, unreadable } from '../jsonl/storage-failure.ts';
import type { ProvenLiar, VerifiedEvidence } from './verify-summary.ts';

export interface EvidenceOptions {
  readonly vouched: Vouched;
  /** Told of each file that does not hold, and why, in the order of names. */
  readonly onFlaw: (path: string, reason: string) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** Judges all that lies in a folder of evidence. Throws `FILE_UNREADABLE` for the folder alone, and the signal's reason. */
export async function verifyEvidence(folder: string, options: EvidenceOptions): Promise<VerifiedEvidence> {
  const liars = new Map<string, Liar>();
  let files = 0;
  let held = 0;
  for (const name of await namesIn(folder)) {
    options.signal?.throwIfAborted();
    if (isUnfinished(name)) continue;
    files++;
    const found = await check(folder, name, options.vouched);
    if ('flaw' in found) {
      await options.onFlaw(join(folder, name), found.flaw);
      continue;
    }
    held++;
    let liar = liars.get(found.key);
    if (liar === undefined) liars.set(found.key, (liar = new Liar(found.key)));
    liar.add(found);
  }
  return { folder, files, held, liars: Array.from(liars.values(), (liar) => liar.sum()) };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

async function check(folder: string, name: string, vouched: Vouched): Promise<Proven | { flaw: string }> {
  if (parseEvidenceName(name) === undefined) return { flaw: 'its name is none of evidence' };
  const bytes = await readBounded(join(folder, name));
  return Buffer.isBuffer(bytes) ? checkEvidence(name, bytes, vouched) : bytes;
}

/** Nothing in the folder leads out of it, keeps us waiting, or fills our memory. */
const FLAGS =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function readBounded(path: string): Promise<Buffer | { flaw: string }> {
  try {
    const file = await open(path, FLAGS);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { flaw: 'it is no file' };
      if (stat.size > MAX_EVIDENCE_BYTES) return { flaw: 'it is larger than evidence is' };
      const bytes = Buffer.allocUnsafe(stat.size);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    return { flaw: `it cannot be read: ${codeOf(error) ?? 'for no reason given'}` };
  }
}

class Liar {
  readonly #key: string;
  readonly #claims = new Map<string, number>();
  readonly #restsOn = new Set<string>();
  #files = 0;

  constructor(key: string) {
    this.#key = key;
  }

  add({ claims }: Proven): void {
    this.#files++;
    for (const { class: kind, better } of claims) {
      this.#claims.set(kind, (this.#claims.get(kind) ?? 0) + 1);
      for (const { of, owner, key } of better?.keys ?? []) this.#restsOn.add(`${of} ${owner} ${key}`);
    }
  }

  sum(): ProvenLiar {
    const claims = Object.fromEntries([...this.#claims].sort());
    return { key: this.#key, files: this.#files, claims, restsOn: [...this.#restsOn].sort() };
  }
}
