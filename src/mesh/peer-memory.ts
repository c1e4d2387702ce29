import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { unlessMissing, unreadable, unwritable } from '../jsonl/storage-failure.ts';

/** A nara that proved its key to us, by the name that it claimed then. Dates are RFC 3339. */
export type Acquaintance = z.infer<typeof ACQUAINTANCE>;

const FORMAT = 'mesh-backup peers';
const VERSION = 1;
const MAX_BYTES = 64 * 1024 * 1024;
/** Together less than may be read, whatever the names. */
const MOST_NARAS = 2_000;
const MOST_TAILNETS = 16;
const LONGEST_NAME = 256;
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 50;
const FORGET_AFTER_MS = 365 * 86_400_000;

const ACQUAINTANCE = z.strictObject({
  name: z.string(),
  publicKey: z.string(),
  url: z.url(),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
});
const MEMORY = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  tailnets: z.array(z.strictObject({ name: z.string(), naras: z.array(ACQUAINTANCE) })),
});
type Memory = z.infer<typeof MEMORY>;

/** Who was met on which tailnet, in a small file. Only naras that proved their key are noted. */
export class PeerMemory {
  readonly #path: string;
  readonly #tailnet: string;
  readonly #known: readonly Acquaintance[];

  private constructor(path: string, tailnet: string, known: readonly Acquaintance[]) {
    this.#path = path;
    this.#tailnet = tailnet;
    this.#known = known;
  }

  /** A file that is missing is an empty one. Throws `FILE_UNREADABLE`, also for one that is not ours. */
  static async read(path: string, tailnet: string): Promise<PeerMemory> {
    const name = tailnet.slice(0, LONGEST_NAME);
    return new PeerMemory(path, name, narasOf(await readMemory(path), name));
  }

  get known(): readonly Acquaintance[] {
    return this.#known;
  }

  /**
   * Notes whom we met just now, beside what others have noted meanwhile. Forgets who was not seen for a year, the
   * longest unseen of more than 2,000, and the tailnet that was not looked at for longest of more than 16. Throws `LOCKED`, `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  async note(met: readonly Pick<Acquaintance, 'name' | 'publicKey' | 'url'>[], nowMs: number): Promise<void> {
    if (met.length === 0) return;
    await makeFolder(dirname(this.#path));
    const lock = await takeLock(this.#path);
    try {
      const memory = await readMemory(this.#path);
      const naras = addMet(narasOf(memory, this.#tailnet), met, nowMs);
      const others = memory.tailnets.filter(({ name }) => name !== this.#tailnet);
      const tailnets = [...others, { name: this.#tailnet, naras }].slice(-MOST_TAILNETS);
      const text = JSON.stringify({ ...memory, tailnets }, null, 1);
      const file = await Replacement.begin(this.#path);
      try {
        await file.write(Buffer.from(`${text}\n`));
        await file.commit();
      } finally {
        await file.discard();
      }
    } finally {
      await lock.release();
    }
  }
}

function addMet(
  before: readonly Acquaintance[],
  met: readonly Pick<Acquaintance, 'name' | 'publicKey' | 'url'>[],
  nowMs: number,
): Acquaintance[] {
  const lastSeen = new Date(nowMs).toISOString();
  const idOf = ({ name, publicKey }: Pick<Acquaintance, 'name' | 'publicKey'>): string =>
    `${publicKey} ${name}`;
  const all = new Map(before.map((one) => [idOf(one), one]));
  for (const { name, publicKey, url } of met) {
    const firstSeen = all.get(idOf({ name, publicKey }))?.firstSeen ?? lastSeen;
    all.set(idOf({ name, publicKey }), { name, publicKey, url, firstSeen, lastSeen });
  }
  return [...all.values()]
    .filter((one) => nowMs - Date.parse(one.lastSeen) < FORGET_AFTER_MS)
    .sort((a, b) => Date.parse(b.lastSeen) - Date.parse(a.lastSeen))
    .slice(0, MOST_NARAS);
}

function narasOf({ tailnets }: Memory, tailnet: string): readonly Acquaintance[] {
  return tailnets.find(({ name }) => name === tailnet)?.naras ?? [];
}

/** Others of ours hold it for the blink of an eye. */
async function takeLock(path: string): Promise<FileLock> {
  for (let tries = 1; ; tries++) {
    try {
      return await FileLock.take(path);
    } catch (error) {
      const isHeld = error instanceof MeshBackupError && error.code === 'LOCKED';
      if (!isHeld || tries === LOCK_TRIES) throw error;
      await sleep(LOCK_PAUSE_MS);
    }
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function readMemory(path: string): Promise<Memory> {
  try {
    const text = await unlessMissing(readFile(path, 'utf8'));
    if (text === undefined) return { format: FORMAT, version: VERSION, tailnets: [] };
    const parsed = MEMORY.safeParse(text.length > MAX_BYTES ? undefined : parseJson(text));
    if (!parsed.success) throw new Error('it is no list of peers of ours');
    return parsed.data;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
