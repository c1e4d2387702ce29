import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PublicKey } from '../../src/identity/keypair.ts';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent, type Signer } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { compactFiles, newFile } from '../archive/compacting.ts';

/**
 * What a compaction makes of signatures. Who made each of them is known here, so that nothing of this asks the library,
 * or Ed25519, what verifies: which greetings are among the lines says what can be known of each.
 */

const prng = new Prng('signatures');
const identities = (...names: string[]): SandboxIdentity[] => names.map((name) => makeIdentity(name, prng));
const people = identities('alice', 'bob', 'carol');
const [alice, bob] = people as [SandboxIdentity, SandboxIdentity];
/** Who take alice's name, and her ID. */
const impostors = identities(...Array.from({ length: 20 }, () => 'alice')).map((who) => ({
  ...who,
  naraId: alice.naraId,
}));
/** Of a key that nobody has. */
const garbage = (who: SandboxIdentity): Signer => ({
  ...who,
  sign: (message) => makeIdentity('nobody', new Prng(Buffer.from(message).toString('hex'))).sign(message),
});

/** Who made a signature, and in whose name. */
interface Claim {
  readonly of: string;
  readonly sig: string;
  /** The key that made it; of garbage none. */
  readonly key: string;
}

interface Spelling {
  readonly line: string;
  readonly id: string;
  readonly emitter: Claim | undefined;
  /** By ID. */
  readonly voters: readonly Claim[];
}

const TS_NS = 1_768_800_000_000_000_000n;
const NO_KEY = 'none';

function keyOf(signer: Signer): string {
  const { publicKey, sign } = signer as SandboxIdentity;
  return people.concat(impostors).some((one) => one.sign === sign) ? publicKey : NO_KEY;
}

function sightOf(observer: SandboxIdentity, at: number): Spelling[] {
  const parts = {
    tsNs: TS_NS + BigInt(at),
    svc: 'seen',
    payload: { observer: observer.name, subject: 'dave', via: 'mesh' },
  };
  const signers: (Signer | undefined)[] = [undefined, ...people, ...impostors.slice(0, 3)];
  return [...signers, ...people.map(garbage)].flatMap((signer) => {
    const { line, id } = makeEvent({ ...parts, ...(signer && { signer }) });
    const sig = /"sig":"([^"]*)"/.exec(line)?.[1] ?? '';
    const emitter = signer && { of: signer.name, sig, key: keyOf(signer) };
    return dressed({ line, id, emitter, voters: [] });
  });
}

function checkpointAt(at: number): Spelling[] {
  const claim = {
    version: 1,
    subject: 'dave',
    subjectId: 'id of dave',
    restarts: 3,
    totalUptime: at,
    startTime: 5,
    asOfTime: 6,
    round: 1,
  };
  const panels: Signer[][] = [
    [],
    people,
    people.slice(0, 2),
    people.slice(2),
    [garbage(alice), bob],
    [garbage(bob)],
    [impostors[0]!],
    [impostors[1]!, bob],
    [...people.slice(1), garbage(alice)],
  ];
  return panels.flatMap((panel) => {
    const payload = makeCheckpoint(claim, panel);
    const { line, id } = makeEvent({ tsNs: TS_NS + BigInt(at), svc: 'checkpoint', payload });
    const voters = panel.map((voter, index) => ({
      of: voter.naraId,
      sig: (payload['signatures'] as string[])[index]!,
      key: keyOf(voter),
    }));
    return dressed({ line, id, emitter: undefined, voters });
  });
}

/** As it is, and with a member that nobody knows. */
function dressed(spelling: Spelling): Spelling[] {
  return [spelling, { ...spelling, line: spelling.line.replace('{', '{"x":1,') }];
}

const SPELLINGS = [
  ...people.flatMap((who, at) => sightOf(who, at)),
  ...checkpointAt(10),
  ...checkpointAt(11),
];
const BY_LINE = new Map(SPELLINGS.map((spelling) => [spelling.line, spelling]));

function greetingOf(who: SandboxIdentity, at: number): string {
  const payload = { From: who.name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
  return makeEvent({ tsNs: TS_NS - 1000n + BigInt(at), svc: 'hey-there', payload, signer: who }).line;
}

const world = fc.record({
  lines: fc.array(fc.constantFrom(...SPELLINGS), { maxLength: 40, size: '+1' }),
  greeters: fc.subarray(people),
  impostors: fc.constantFrom(0, 0, 1, 2, 20),
  hasPins: fc.boolean(),
  files: fc.integer({ min: 1, max: 3 }),
  memoryBytes: fc.constantFrom(0, 20_000, 32 * 1024 * 1024),
});

/** What can be known of names or IDs: of each the keys that count. */
class Knowledge {
  readonly #pinned: boolean;
  readonly #keys = new Map<string, string[]>();

  constructor(greeters: readonly SandboxIdentity[], hasPins: boolean) {
    this.#pinned = hasPins;
    const owners = hasPins ? people : greeters;
    for (const { name, naraId, publicKey } of owners) {
      for (const owner of [name, naraId])
        this.#keys.set(owner, [...(this.#keys.get(owner) ?? []), publicKey]);
    }
  }

  /** The one key that counts is the one that made it. */
  isTrue({ of, key }: Claim): boolean {
    const keys = this.#keys.get(of) ?? [];
    return keys.length === 1 && keys[0] === key;
  }

  /** All keys that anybody was heard to have are tried, and none of them made it. */
  isFalse({ of, key }: Claim): boolean {
    const keys = this.#keys.get(of) ?? [];
    return keys.length > 0 && keys.length <= 16 && !keys.includes(key);
  }

  /** What greetings say of an ID convicts nobody. */
  isFalseVoter(claim: Claim): boolean {
    return this.#pinned && this.isFalse(claim);
  }

  trueOnes({ emitter, voters }: Spelling): number {
    return (
      Number(emitter !== undefined && this.isTrue(emitter)) + voters.filter((one) => this.isTrue(one)).length
    );
  }

  /** Bears nothing that may be true. */
  isBare({ emitter, voters }: Spelling): boolean {
    return (emitter === undefined || this.isFalse(emitter)) && voters.every((one) => this.isFalseVoter(one));
  }
}

test('a signature never vanishes, no copy without any wins over one that may be true, none over one that is', async () => {
  const met = { bareLost: 0, trueWon: 0, contested: 0, crowded: 0 };
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const greeters = [...given.greeters, ...impostors.slice(0, given.impostors)];
      const all = [...given.lines.map(({ line }) => line), ...greeters.map(greetingOf)];
      const paths = await Promise.all(
        Array.from({ length: given.files }, (_, file) =>
          newFile(all.filter((_, at) => at % given.files === file).join('\n')),
        ),
      );
      const pinnedKeys = given.hasPins
        ? people.map(({ name, naraId, publicKey }) => ({
            name,
            id: naraId,
            key: PublicKey.parse(publicKey)!,
          }))
        : [];
      const { bytes, variants } = await compactFiles(paths, { pinnedKeys, memoryBytes: given.memoryBytes });
      const out = bytes
        .toString()
        .split('\n')
        .filter((line) => BY_LINE.has(line));
      const kept = [...out, ...variants.texts]
        .map((line) => BY_LINE.get(line))
        .filter((one) => one !== undefined);
      const spell = (id: string, { of, sig }: Claim): string => `${id} ${of} ${sig}`;
      const emitters = (some: readonly Spelling[]): Set<string> =>
        new Set(some.flatMap(({ id, emitter }) => (emitter === undefined ? [] : [spell(id, emitter)])));
      const voters = (some: readonly Spelling[]): Set<string> =>
        new Set(some.flatMap(({ id, voters }) => voters.map((voter) => spell(id, voter))));
      expect(emitters(kept)).toEqual(emitters(given.lines));
      expect(voters(kept)).toEqual(voters(given.lines));

      const knowledge = new Knowledge(greeters, given.hasPins);
      expect(new Set(out.map((line) => BY_LINE.get(line)!.id))).toEqual(
        new Set(given.lines.map(({ id }) => id)),
      );
      for (const line of out) {
        const winner = BY_LINE.get(line)!;
        const copies = given.lines.filter(({ id }) => id === winner.id);
        const best = Math.max(...copies.map((copy) => knowledge.trueOnes(copy)));
        expect(knowledge.trueOnes(winner)).toBe(best);
        if (knowledge.isBare(winner))
          for (const copy of copies) expect(knowledge.isBare(copy), copy.line).toBe(true);
        else if (copies.some((copy) => knowledge.isBare(copy))) met.bareLost++;
        if (best > 0 && copies.some((copy) => knowledge.trueOnes(copy) < best)) met.trueWon++;
      }
      if (!given.hasPins && given.impostors === 1) met.contested++;
      if (!given.hasPins && given.impostors === 20) met.crowded++;
    }),
    { numRuns: 400 },
  );
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(10);
});
