import fc from 'fast-check';
import { createHash, createPublicKey, verify as verifyBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { contentString } from '../../src/event/content.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { isService, PAYLOAD_KEYS, viewPayload } from '../../src/sandbox/payload-view.ts';
import { parseLine } from '../../src/sandbox/sandbox-event.ts';
import { greeting, textOf, verifyTexts } from '../archive/verifying.ts';

/**
 * `verify` against the damage that was done: what was done to which line is known, and what of it can be known from the
 * file alone is asked of the oracle below, which looks at each line by itself with JSON.parse and a Map.
 */

const HISTORY = makeHistory({ naras: 2, eventsPerNara: 400, pageSize: 50 });
/** The true keys: a greeting of everybody comes first, and nobody damages it. */
const PEOPLE = [...HISTORY.naras, ...HISTORY.ghosts];
const KEYS = new Map(PEOPLE.map(({ name, publicKey }) => [name, publicKey]));
const KEYS_OF_IDS = new Map(PEOPLE.map(({ naraId, publicKey }) => [naraId, publicKey]));
const GREETINGS = PEOPLE.map((who, at) => greeting(who, at, who, 1_700_000_000_000_000_000n));
const WHOLE = [
  ...GREETINGS,
  ...HISTORY.ledgers[0]!.toSorted((a, b) =>
    a.tsNs === b.tsNs ? (a.id < b.id ? -1 : 1) : a.tsNs < b.tsNs ? -1 : 1,
  ).map(({ line }) => line),
];

type Damage =
  | { readonly kind: 'flip'; readonly line: number; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly line: number; readonly at: number }
  | { readonly kind: 'remove'; readonly line: number }
  | { readonly kind: 'double'; readonly line: number }
  | { readonly kind: 'move'; readonly line: number; readonly at: number }
  | { readonly kind: 'swap-signatures'; readonly line: number; readonly at: number }
  | { readonly kind: 'spoil-vote'; readonly line: number; readonly at: number };

const place = fc.integer({ min: GREETINGS.length, max: WHOLE.length - 1 });
const CHECKPOINTS = WHOLE.flatMap((line, at) => (line.includes('"svc":"checkpoint"') ? [at] : []));
const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), line: place, at: fc.nat(10_000), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut' as const), line: place, at: fc.nat(10_000) }),
    fc.record({ kind: fc.constant('remove' as const), line: place }),
    fc.record({ kind: fc.constant('double' as const), line: place }),
    fc.record({ kind: fc.constant('move' as const), line: place, at: fc.nat(WHOLE.length - 1) }),
    fc.record({ kind: fc.constant('swap-signatures' as const), line: place, at: place }),
    fc.record({
      kind: fc.constant('spoil-vote' as const),
      line: fc.constantFrom(...CHECKPOINTS),
      at: fc.nat(10),
    }),
  ),
  { maxLength: 6 },
);

const SIGNATURE = /"sig":"([^"]*)"/;

/** The lines with all damage done, as bytes: a flipped bit makes no UTF-8. */
function damage(lines: readonly string[], done: readonly Damage[]): Buffer[] {
  const bytes: (Buffer | undefined)[] = lines.map((line) => Buffer.from(line));
  const order = [...lines.keys()];
  const doubled = new Set<number>();
  for (const one of done) {
    const line = bytes[one.line];
    if (line === undefined) continue;
    if (one.kind === 'flip') line[one.at % line.length]! ^= 1 << one.bit;
    else if (one.kind === 'cut') bytes[one.line] = line.subarray(0, 1 + (one.at % (line.length - 1)));
    else if (one.kind === 'remove') bytes[one.line] = undefined;
    else if (one.kind === 'double') doubled.add(one.line);
    else if (one.kind === 'move') {
      order.splice(order.indexOf(one.line), 1);
      order.splice(one.at, 0, one.line);
    } else if (one.kind === 'spoil-vote') bytes[one.line] = spoilVote(line, one.at);
    else {
      const [a, b] = [line, bytes[one.at]].map((text) => text?.toString('latin1'));
      const [sigA, sigB] = [a, b].map((text) => SIGNATURE.exec(text ?? '')?.[1]);
      if (a === undefined || b === undefined || sigA === undefined || sigB === undefined) continue;
      bytes[one.line] = Buffer.from(a.replace(SIGNATURE, `"sig":"${sigB}"`), 'latin1');
      bytes[one.at] = Buffer.from(b.replace(SIGNATURE, `"sig":"${sigA}"`), 'latin1');
    }
  }
  return order.flatMap((line) => {
    const text = bytes[line];
    return text === undefined ? [] : doubled.has(line) ? [text, text] : [text];
  });
}

/** Turns a bit of a voter's signature. */
function spoilVote(line: Buffer, at: number): Buffer {
  const text = line.toString('latin1');
  const [list, signatures] = /"signatures":\["([^\]]*)"\]/.exec(text) ?? [];
  if (list === undefined || signatures === undefined) return line;
  const all = signatures.split('","');
  const chosen = at % all.length;
  all[chosen] = `${all[chosen]!.startsWith('A') ? 'B' : 'A'}${all[chosen]!.slice(1)}`;
  return Buffer.from(text.replace(signatures, all.join('","')), 'latin1');
}

function holds(key: string, message: Buffer, signature: string): boolean {
  const der = Buffer.concat([Buffer.from('MCowBQYDK2VwAyEA', 'base64'), Buffer.from(key, 'base64')]);
  return verifyBytes(
    null,
    message,
    createPublicKey({ key: der, format: 'der', type: 'spki' }),
    Buffer.from(signature, 'base64'),
  );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

interface Known {
  readonly verdict: string;
  /** Beside an attestation that holds there are voters whose signatures are false under keys that greetings bring. */
  readonly isDoubtful?: boolean;
  readonly id: string;
  readonly ts: bigint;
}

/** What is known of an undamaged-looking line: `undefined` where it takes more than this to say what it is. */
function judge(line: Buffer, pinnedIds: ReadonlySet<string>): Known | undefined {
  const text = line.toString();
  let parsed: ReturnType<typeof parseLine>;
  try {
    parsed = parseLine(text);
  } catch {
    return undefined;
  }
  const { wire, payload, event } = parsed;
  if (!isService(event.svc) || wire[PAYLOAD_KEYS[event.svc]] === undefined) return undefined;
  const view = viewPayload(event.svc, payload);
  const content = contentString(view);
  const { id, tsNs: ts, svc } = event;
  if (sha256(`${ts}:${svc}:${content}`).toString('hex').slice(0, 32) !== id) return undefined;
  const known = { id, ts };
  if (view.svc === 'checkpoint') {
    const { version, subjectId, asOfTime, restarts, totalUptime, startTime, previousCheckpointId } = view;
    if (view.signatures.length === 0) return { ...known, verdict: 'unsigned' };
    const signed = view.voterIds.flatMap((voter, at) => {
      const key = KEYS_OF_IDS.get(voter);
      const signature = view.signatures[at];
      if (key === undefined || signature === undefined) return []; // nobody can tell
      const claim = `${voter}:${subjectId}:${asOfTime}:${restarts}:${totalUptime}:${startTime}`;
      const chained = `attestation:v${version}:${claim}:${previousCheckpointId}`;
      const message = Number(version) >= 2 ? chained : `attestation:v1:${claim}`;
      return [{ isGood: holds(key, Buffer.from(message), signature), isPinned: pinnedIds.has(voter) }];
    });
    if (signed.some(({ isGood, isPinned }) => !isGood && isPinned))
      return { ...known, verdict: 'bad-signature' };
    if (!signed.some(({ isGood }) => isGood)) return { ...known, verdict: 'unknown-key' };
    return { ...known, verdict: 'attested', isDoubtful: !signed.every(({ isGood }) => isGood) };
  }
  const [emitter, sig] = [wire['emitter'], wire['sig']];
  if (typeof emitter !== 'string' || typeof sig !== 'string') return { ...known, verdict: 'unsigned' };
  const key = KEYS.get(emitter);
  if (key === undefined) return { ...known, verdict: 'unknown-key' };
  const message = sha256(`${id}:${ts}:${svc}:${emitter}:${content}`);
  return { ...known, verdict: holds(key, message, sig) ? 'signed' : 'bad-signature' };
}

const BAD = ['misfit', 'hostile', 'not-json', 'torn', 'bad-signature', 'unknown-service'];

test('names every damage that can be known, and none that is not there', async () => {
  const pristine = new Set(WHOLE);
  const ofWhole = new Map(WHOLE.map((line) => [line, judge(Buffer.from(line), new Set())!.verdict]));
  const met = { doubtful: 0, convicted: 0 };
  const check = async (done: readonly Damage[], vouched: typeof PEOPLE): Promise<void> => {
    const lines = damage(WHOLE, done);
    const text = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
    const pinnedIds = new Set(vouched.map(({ naraId }) => naraId));
    const pinnedKeys = vouched.map(({ name, naraId, publicKey }) => ({
      name,
      id: naraId,
      key: PublicKey.parse(publicKey)!,
    }));
    const { summary, findings } = await verifyTexts([text], { pinnedKeys });
    // A flipped bit may have made a line feed: then there are more lines.
    const shown = text.toString('latin1').split('\n').slice(0, -1);
    const expected: string[] = [];
    const seen = new Map<string, Set<string>>();
    let last: Known | undefined;
    for (const [at, latin] of shown.entries()) {
      const line = Buffer.from(latin, 'latin1');
      const said = findings.filter((finding) => finding.line === at + 1).map(({ kind }) => kind);
      const isPristine = pristine.has(line.toString());
      const known = judge(line, pinnedIds);
      const verdict = said.find(
        (kind) => BAD.includes(kind) || kind === 'unknown-key' || kind === 'other-signer',
      );
      if (isPristine) {
        expect(verdict, latin).toBeUndefined();
        expected.push(ofWhole.get(line.toString())!);
      } else if (known === undefined) {
        // It is damaged, and the ID or the grammar shows it.
        if (line.toString().trim() !== '') expect(BAD, latin).toContain(verdict);
      } else if (known.verdict === 'bad-signature' || known.verdict === 'unknown-key') {
        expect([known.verdict, 'hostile', 'other-signer'], latin).toContain(verdict);
      } else {
        // A change that neither ID nor signature covers: only what readers disagree about shows.
        expect([undefined, 'hostile', 'other-signer'], latin).toContain(verdict);
      }
      if (verdict === 'hostile' || known === undefined) continue;
      const isDoubtful = known.isDoubtful === true && verdict !== 'bad-signature';
      expect(said.includes('doubtful-voters'), latin).toBe(isDoubtful);
      if (isDoubtful) met.doubtful++;
      if (known.verdict === 'bad-signature' && latin.includes('"svc":"checkpoint"')) met.convicted++;
      const spellings = seen.get(known.id);
      const copy =
        spellings === undefined ? undefined : spellings.has(latin) ? 'duplicate' : 'differing-copy';
      expect(
        said.find((kind) => kind === 'duplicate' || kind === 'differing-copy'),
        latin,
      ).toBe(copy);
      seen.set(known.id, (spellings ?? new Set()).add(latin));
      const isBehind = last !== undefined && (known.ts === last.ts ? known.id < last.id : known.ts < last.ts);
      // What is of a service that nobody knows any more stands in the order, too: then the oracle looks away.
      if (!findings.some(({ kind }) => kind === 'unknown-service')) {
        expect(said.includes('disorder'), latin).toBe(isBehind);
      }
      last = known;
    }
    for (const verdict of ['signed', 'attested', 'unsigned'] as const) {
      const least = expected.filter((one) => one === verdict).length;
      expect(summary.verdicts[verdict] ?? 0).toBeGreaterThanOrEqual(least);
    }
    expect(summary.lines).toBe(shown.length);
  };
  for (const vouched of [[], PEOPLE]) {
    await check([], vouched);
    await check(
      CHECKPOINTS.map((line) => ({ kind: 'spoil-vote', line, at: 1 })),
      vouched,
    );
  }
  const everybody = fc.constantFrom([], PEOPLE, PEOPLE.slice(0, 2));
  await fc.assert(fc.asyncProperty(damages, everybody, check), { numRuns: 60 });
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(2);
});

test('nothing is found in what is not damaged', async () => {
  const { findings, summary } = await verifyTexts([textOf(WHOLE)]);
  expect(findings.filter(({ kind }) => kind !== 'gap')).toEqual([]);
  expect(summary).toMatchObject({ fitting: WHOLE.length, distinct: WHOLE.length });
});
