import { MeshBackupError } from '../errors.ts';
import { PublicKey, type Keypair } from '../identity/keypair.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { Send } from '../mesh/fetch-json.ts';
import { fetchNaraFacts, type NaraFacts } from '../mesh/nara-facts.ts';
import { fetchPing } from '../mesh/ping.ts';
import { namePeerFailure } from '../sync/peer-failure.ts';
import { surveyPeer, type PeerSurvey, type SurveyOptions } from '../sync/survey-peer.ts';
import { failedBy, type Check } from './check.ts';

/** A nara's opinions are formed after so long; before, what is restored brings its names under the clean-up. */
const SETTLED_MS = 6 * 60_000;
const NEARLY_FULL = 0.95;

export interface TargetOptions extends Omit<SurveyOptions, 'requester'> {
  /** `undefined`: there is no soul to try. */
  readonly keypair: Keypair | undefined;
  /** Where the target does not tell its own. */
  readonly name: string | undefined;
}

/**
 * Looks at the target of a restore: who it is, how long it is up, what room it has, and whether the soul is its own.
 * Reads only, and imports nothing, not even nothing at all. `survey` is there where it was reached. Never throws.
 */
export async function checkTarget(
  url: URL,
  options: TargetOptions,
): Promise<{ readonly checks: Check[]; readonly survey: PeerSurvey | undefined }> {
  let facts: NaraFacts | undefined;
  let told: string | undefined;
  try {
    [facts, told] = await askFacts(url, options);
  } catch (error) {
    return {
      checks: [failedBy('target', namePeerFailure(error, options.signal))],
      survey: undefined,
    };
  }
  const name = told ?? options.name;
  if (name === undefined) {
    const advice = 'Is that a nara, and the port that of its web server (8080) or its mesh (7433)?';
    const text = 'something answers, and does not say that it is a nara';
    return { checks: [{ what: 'target', state: 'failure', text, advice }], survey: undefined };
  }
  const { keypair } = options;
  const requester = keypair && { name, keypair };
  // Pinned: only what our own key signed counts as proof.
  const publicKey = keypair && PublicKey.parse(keypair.publicKey);
  const survey = await surveyPeer({ url, name, publicKey }, { ...options, requester });
  return {
    checks: [judgeTarget(name, facts), judgeRoom(facts, survey), judgeSoul(name, keypair, survey)],
    survey,
  };
}

async function askFacts(
  url: URL,
  { http, signal, timeoutMs, idleTimeoutMs, now }: TargetOptions,
): Promise<[NaraFacts | undefined, string | undefined]> {
  const connection = http.connect(url);
  const deadline = new Deadline(signal, timeoutMs, () => {
    return new MeshBackupError('PEER_SILENT', `no answer within ${timeoutMs / 1000} s`);
  });
  const send: Send = (request) => connection.send({ ...request, idleTimeoutMs, signal: deadline.signal });
  try {
    const facts = await fetchNaraFacts(send, now());
    return [facts, facts?.name ?? (await fetchPing(send)).from];
  } finally {
    deadline.end();
    await connection.close();
  }
}

function judgeTarget(name: string, facts: NaraFacts | undefined): Check {
  const what = 'target';
  if (facts?.startedS === undefined || facts.ageMs === undefined) {
    const text = `${name}; it does not tell since when it is up`;
    return { what, state: 'warning', text, advice: 'Name its web port: the mesh port tells less.' };
  }
  const since = new Date(facts.startedS * 1000);
  const text = `${name}, up since ${Number.isNaN(since.getTime()) ? '?' : since.toISOString().slice(0, 19)}Z`;
  if (facts.ageMs >= SETTLED_MS) return { what, state: 'ok', text };
  const advice =
    'It has just started, and would soon delete what is restored now: wait until it is up for 6 minutes, as restore-events does.';
  return { what, state: 'warning', text, advice };
}

function judgeRoom(facts: NaraFacts | undefined, { events }: PeerSurvey): Check {
  const what = 'target room';
  const capacity = facts?.capacity;
  if (capacity === undefined || events === undefined) {
    const text =
      capacity === undefined ? 'it does not tell' : `for ${capacity} events; how many it holds is not known`;
    return { what, state: 'skipped', text };
  }
  const text = `${events} of ${capacity} events, ${Math.floor((100 * events) / capacity)} %`;
  if (events < NEARLY_FULL * capacity) return { what, state: 'ok', text };
  const advice = 'What is restored displaces what it keeps least: see --overfill, or give it more memory.';
  return { what, state: 'warning', text, advice };
}

function judgeSoul(
  name: string,
  keypair: Keypair | undefined,
  { trouble, isProven, publicKey }: PeerSurvey,
): Check {
  const what = 'target soul';
  if (keypair === undefined) return { what, state: 'skipped', text: 'no soul to try' };
  const isOwn = trouble === undefined && isProven && publicKey === keypair.publicKey;
  if (isOwn)
    return { what, state: 'ok', text: `it is ${name}'s own: the answer is signed with the same key` };
  if (trouble === undefined) return { what, state: 'failure', text: 'nothing proves that it is its own' };
  const isForeign = ['PEER_WRONG_SOUL', 'PEER_KEY', 'PEER_SIGNATURE'].includes(trouble.code);
  if (!isForeign) return failedBy(what, trouble);
  return {
    what,
    state: 'failure',
    text: `it is not ${name}'s own: ${trouble.message} (${trouble.code})`,
    advice: 'A nara takes imports that its own soul signed, no others. It prints its soul when it starts.',
  };
}
