import { z } from 'zod';
import { fetchJson, type Send } from './fetch-json.ts';

/** What a nara's web port tells of itself, to everybody; `undefined` is what it does not tell. */
export interface NaraFacts {
  /** Its own name. */
  readonly name: string;
  /** When it started last, unix seconds of its clock. */
  readonly startedS: number | undefined;
  /** Since then, in milliseconds. */
  readonly ageMs: number | undefined;
  /** How many events its ledger may hold. */
  readonly capacity: number | undefined;
  /** The names that it lists as online, itself among them, and the others: those are under its clean-up. */
  readonly online: ReadonlySet<string>;
  readonly offline: ReadonlySet<string>;
}

const MAX_LIST_BYTES = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
const NaraList = z.object({ server: z.string(), naras: z.array(z.unknown()) });
/** What is not as it should be is not told. */
const Nara = z.object({
  Name: z.string(),
  LastRestart: z.number().positive().optional().catch(undefined),
  Online: z.string().or(z.boolean()).optional().catch(undefined),
  MemoryMaxEvents: z.number().int().positive().optional().catch(undefined),
});
const EventTotal = z.object({ total: z.number().int().nonnegative() });

/** Asks `GET /narae.json`; `undefined` where it is not served, as on the mesh port. Throws what `send` throws. */
export async function fetchNaraFacts(send: Send, nowMs: number): Promise<NaraFacts | undefined> {
  const parsed = NaraList.safeParse(await fetchJson(send, '/narae.json', MAX_LIST_BYTES));
  if (!parsed.success) return undefined;
  const { server } = parsed.data;
  const naras = parsed.data.naras.flatMap((entry) => Nara.safeParse(entry).data ?? []);
  const own = naras.find(({ Name }) => Name === server);
  const others = naras.filter((nara) => nara !== own);
  const startedS = own?.LastRestart;
  return {
    name: server,
    startedS,
    ageMs: startedS === undefined ? undefined : nowMs - startedS * 1000,
    capacity: own?.MemoryMaxEvents,
    online: new Set([server, ...naras.filter(isOnline).map(({ Name }) => Name)]),
    offline: new Set(others.filter((nara) => !isOnline(nara)).map(({ Name }) => Name)),
  };
}

/** Asks how many events the ledger holds; `undefined` where that is not served. Throws what `send` throws. */
export async function fetchEventTotal(send: Send): Promise<number | undefined> {
  const answer = await fetchJson(send, '/api/inspector/events?limit=1', MAX_TOTAL_BYTES);
  const parsed = EventTotal.safeParse(answer);
  return parsed.success ? parsed.data.total : undefined;
}

function isOnline({ Online: online }: z.infer<typeof Nara>): boolean {
  return online === true || online === 'ONLINE';
}
