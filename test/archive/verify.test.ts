import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { judgeVerify } from '../../src/archive/verify-outcome.ts';
import { parseKeyList } from '../../src/event/key-list.ts';
import { MAX_EVENT_BYTES } from '../../src/event/event-view.ts';
import { signableDigest } from '../../src/event/id.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { parseLine } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import {
  ALICE,
  BOB,
  CAROL,
  checkpoint,
  greeting,
  MALLORY,
  sight,
  START_NS,
  textOf,
  verifyFiles,
  verifyLines,
  verifyTexts,
} from './verifying.ts';

/** Another signature of the same length. */
function spoilSignature(line: string): string {
  return line.replace(/"sig":"(.)/, (_, first: string) => `"sig":"${first === 'A' ? 'B' : 'A'}`);
}

/** Gives two voters other signatures: `$1` is the first one's, `$2` the second one's. */
function swapVotes(line: string, signatures: string): string {
  return line.replace(/"signatures":\["([^"]*)","([^"]*)"/, `"signatures":["${signatures}"`);
}

const GREETINGS = [greeting(ALICE, 0), greeting(BOB, 1), greeting(CAROL, 2)];

describe('one verdict a line', () => {
  const good = sight('alice', 10, ALICE);
  const lines: Record<string, [line: string, verdict: string]> = {
    'signed by who acts': [good, 'signed'],
    'not signed': [sight('alice', 10), 'unsigned'],
    'signed by somebody unknown': [sight('mallory', 10, MALLORY), 'unknown-key'],
    'a signature that is false': [spoilSignature(good), 'bad-signature'],
    'signed by another than who acts': [sight('alice', 10, BOB), 'other-signer'],
    'attested by voters': [checkpoint(10, [ALICE, BOB]), 'attested'],
    'attested by voters, some unknown': [checkpoint(10, [ALICE, BOB, MALLORY]), 'attested'],
    'with a voter who did not sign this': [swapVotes(checkpoint(10, [ALICE, BOB]), '$1","$1'), 'attested'],
    'with voters none of whom signed this': [
      swapVotes(checkpoint(10, [ALICE, BOB]), '$2","$1'),
      'unknown-key',
    ],
    'with unknown voters alone': [checkpoint(10, [MALLORY]), 'unknown-key'],
    'without voters': [checkpoint(10, []), 'unsigned'],
    'of an unknown service': [good.replaceAll('seen', 'newer'), 'unknown-service'],
    'with an ID that does not fit': [good.replace('"subject":"bob"', '"subject":"eve"'), 'misfit'],
    'that readers disagree about': [makeHostileEvent(parseLine(good).event, 0).line, 'hostile'],
    'that is no JSON': [good.slice(0, -5), 'not-json'],
    'a greeting that does not fit the key it brings': [
      spoilSignature(greeting(MALLORY, 10)),
      'bad-signature',
    ],
    'a greeting in the name of another': [greeting(MALLORY, 10, ALICE), 'other-signer'],
  };

  test.each(Object.entries(lines))('%s', async (_, [line, verdict]) => {
    const { summary } = await verifyLines([...GREETINGS, line]);
    const expected: Record<string, number> = { signed: 3 };
    expected[verdict] = (expected[verdict] ?? 0) + 1;
    expect(summary.verdicts).toEqual(expected);
    expect(summary.lines).toBe(4);
  });

  test('a last line that is cut is torn; one that only lacks its line feed is whole', async () => {
    const text = textOf([...GREETINGS, good]);
    const torn = await verifyTexts([text.slice(0, -9)]);
    expect(torn.summary.verdicts).toEqual({ signed: 3, torn: 1 });
    expect(judgeVerify(torn.summary)?.code).toBe('TORN_END');
    const whole = await verifyTexts([text.slice(0, -1)]);
    expect(whole.summary.verdicts).toEqual({ signed: 4 });
    expect(whole.findings.map(({ kind }) => kind)).toEqual(['no-line-feed']);
    expect(judgeVerify(whole.summary)).toBeUndefined();
  });

  test('says by which key', async () => {
    const { summary } = await verifyLines([...GREETINGS, good, sight('alice', 11, ALICE)]);
    expect(summary.signers[0]).toEqual({ name: 'alice', key: ALICE.publicKey, isPinned: false, events: 3 });
  });

  test('and where the line is', async () => {
    const text = textOf([...GREETINGS, '', good.slice(0, -5), good]);
    for (const content of [text, gzipSync(text)]) {
      const { findings } = await verifyTexts([content]);
      expect(findings).toMatchObject([{ kind: 'not-json', line: 5, isCompressed: content !== text }]);
      expect(text.slice(findings[0]!.offset).startsWith(good.slice(0, -5))).toBe(true);
    }
  });

  test('attested by one voter alone is worth a note', async () => {
    const { summary, findings } = await verifyLines([...GREETINGS, checkpoint(10, [ALICE])]);
    expect(summary.verdicts).toEqual({ signed: 3, attested: 1 });
    expect(findings).toMatchObject([{ kind: 'few-voters', line: 4 }]);
  });

  const idChanged = greeting(BOB, 1).replace(BOB.naraId, ALICE.naraId);

  test('a greeting whose ID was changed, which nobody signed, convicts no voter', async () => {
    const lines = [idChanged, greeting(CAROL, 2), checkpoint(10, [ALICE]), checkpoint(11, [ALICE, CAROL])];
    const { summary, findings } = await verifyLines(lines);
    expect(summary.verdicts).toEqual({ signed: 2, 'unknown-key': 1, attested: 1 });
    expect(findings.map(({ kind, line }) => [kind, line])).toEqual([
      ['unknown-key', 3],
      ['few-voters', 4],
      ['doubtful-voters', 4],
    ]);
    expect(findings[0]!.reason).toMatch(/^attested by 0 of 1 known voters: .* IDs in greetings/);
    expect(findings[2]!.reason).toMatch(/^attested by 1 of 2 known voters: .* IDs in greetings/);
    expect(judgeVerify(summary)).toBeUndefined();
    expect(judgeVerify(summary, true)?.code).toBe('NOT_VERIFIED');
  });

  test('a key that is vouched for with its ID does, one of the name alone does not', async () => {
    const forged = swapVotes(checkpoint(10, [CAROL, ALICE]), '$1","$1');
    const lines = [...GREETINGS, checkpoint(9, [ALICE, BOB]), forged];
    const pinned = [
      `alice ${ALICE.publicKey}`,
      JSON.stringify({ name: 'alice', public_key: ALICE.publicKey }),
    ];
    for (const text of pinned) {
      const { summary } = await verifyLines(lines, { pinnedKeys: parseKeyList(text) });
      expect(summary.verdicts).toEqual({ signed: 3, attested: 2 });
    }
    const record = { name: 'alice', public_key: ALICE.publicKey, id: ALICE.naraId };
    for (const pinnedOnly of [false, true]) {
      const pinnedKeys = parseKeyList(JSON.stringify(record));
      const { summary, findings } = await verifyLines(lines, { pinnedKeys, pinnedOnly });
      expect(summary.verdicts).toMatchObject({ attested: 1, 'bad-signature': 1 });
      const known = pinnedOnly ? '0 of 1' : '1 of 2';
      expect(findings.find(({ kind }) => kind === 'bad-signature')?.reason).toBe(
        `attested by ${known} known voters: you vouch for keys of 1 who did not sign it`,
      );
      expect(judgeVerify(summary)?.code).toBe('NOT_VERIFIED');
    }
    const pinnedKeys = parseKeyList(JSON.stringify(record));
    const whole = await verifyLines([idChanged, checkpoint(10, [ALICE])], { pinnedKeys });
    expect(whole.summary.verdicts).toEqual({ signed: 1, attested: 1 });
  });

  test('without signatures only IDs are looked at', async () => {
    const { summary } = await verifyLines(
      [good, spoilSignature(good), sight('alice', 12), checkpoint(13, [BOB])],
      {
        checkSignatures: false,
      },
    );
    expect(summary.verdicts).toEqual({ unchecked: 3, unsigned: 1 });
  });
});

describe('keys', () => {
  const event = sight('alice', 10, ALICE);

  test('that come after the events that need them count, also in another file and in a stream', async () => {
    expect((await verifyLines([event])).summary.verdicts).toEqual({ 'unknown-key': 1 });
    expect((await verifyLines([event, greeting(ALICE, 20)])).summary.verdicts).toEqual({ signed: 2 });
    const files = await verifyTexts([textOf([event]), textOf([greeting(ALICE, 20)])]);
    expect(files.summary.verdicts).toEqual({ signed: 2 });
    for (const content of [
      textOf([event, greeting(ALICE, 20)]),
      gzipSync(textOf([event, greeting(ALICE, 20)])),
    ]) {
      const stdin = new PassThrough();
      stdin.end(content);
      const stream = await verifyFiles([await LineFile.ofStream('stdin', stdin)]);
      expect(stream.summary.verdicts).toEqual({ signed: 2 });
    }
  });

  test('that stand in letters escaped are found all the same', async () => {
    const escaped = greeting(ALICE, 20).replace('"svc":"hey-there"', '"svc":"\\u0068ey-there"');
    expect((await verifyLines([event, escaped])).summary.verdicts).toEqual({ signed: 2 });
  });

  test('are found in every part of a long file', async () => {
    const others = Array.from({ length: 3000 }, (_, at) => sight('x', 100 + at));
    for (const at of [0, 1000, 2000, 2999]) {
      const lines = [event, ...others.toSpliced(at, 0, greeting(ALICE, 20))];
      expect((await verifyLines(lines)).summary.verdicts).toEqual({ signed: 2, unsigned: 3000 });
    }
  });

  test('of misfits teach nothing, even where they are signed as they stand', async () => {
    const { From, PublicKey } = { From: 'alice', PublicKey: ALICE.publicKey };
    const id = 'f'.repeat(32);
    const content = `hey_there:${From}:${PublicKey}:`;
    const sig = ALICE.sign(signableDigest({ id, tsNs: START_NS, svc: 'hey-there', emitter: From, content }));
    const payload = { From, PublicKey, MeshIP: '', ID: '', Signature: '' };
    const misfit = `{"id":"${id}","ts":${START_NS},"svc":"hey-there","emitter":"${From}","sig":"${sig}","hey_there":${JSON.stringify(payload)}}`;
    expect((await verifyLines([event, misfit])).summary.verdicts).toEqual({ 'unknown-key': 1, misfit: 1 });
  });

  test('that misfits and false greetings bring are none', async () => {
    const misfit = greeting(ALICE, 20).replace(/"id":"./, '"id":"x');
    expect((await verifyLines([event, misfit])).summary.verdicts).toMatchObject({ 'unknown-key': 1 });
    const unsigned = greeting(ALICE, 20).replace(/,"emitter":"[^"]*","sig":"[^"]*"/, '');
    expect((await verifyLines([event, unsigned])).summary.verdicts).toMatchObject({ 'unknown-key': 1 });
  });

  test('of one name are all tried, and told of', async () => {
    const alias = { ...MALLORY, name: 'alice' };
    const lines = [greeting(ALICE, 0), greeting(alias, 1), event, sight('alice', 11, alias)];
    const { summary, findings } = await verifyLines(lines);
    expect(summary.verdicts).toEqual({ signed: 4 });
    expect(findings).toMatchObject([{ kind: 'several-keys' }]);
    for (const key of [ALICE.publicKey, MALLORY.publicKey]) expect(findings[0]!.reason).toContain(key);
    expect(judgeVerify(summary)).toBeUndefined();
    expect(judgeVerify(summary, true)?.code).toBe('NOT_VERIFIED');
  });

  test('beyond the sixteen that are tried of a name: it is said, and nothing is called false for want of them', async () => {
    const prng = new Prng('crowd');
    const crowd: SandboxIdentity[] = [];
    while (crowd.length < 16) {
      const who = { ...makeIdentity('alice', prng), naraId: ALICE.naraId };
      if (who.publicKey < ALICE.publicKey) crowd.push(who);
    }
    const lines = [...crowd.map((who, at) => greeting(who, at)), event, checkpoint(11, [ALICE])];
    const few = await verifyLines(lines);
    expect(few.summary.verdicts).toEqual({ signed: 16, 'bad-signature': 1, 'unknown-key': 1 });
    expect(few.summary.findings['too-many-keys']).toBeUndefined();
    const all = [...lines, greeting(ALICE, 20)];
    const { summary, findings } = await verifyLines(all);
    expect(summary.verdicts).toEqual({ signed: 16, 'unknown-key': 3 });
    const untried = 'greetings bring more keys of alice than the 16 that were tried';
    expect(findings.filter(({ kind }) => kind === 'unknown-key').map(({ reason }) => reason)).toEqual([
      untried,
      'attested by 0 of 1 known voters: the signatures may be false, or the IDs in greetings, which nobody signs',
      untried,
    ]);
    expect(findings.filter(({ kind }) => kind === 'too-many-keys').map(({ reason }) => reason)).toEqual([
      'alice: greetings bring more keys than the 16 that were tried',
      `the ID ${ALICE.naraId}: greetings bring more keys than the 16 that were tried`,
    ]);
    expect(judgeVerify(summary)).toBeUndefined();
    expect(judgeVerify(summary, true)?.code).toBe('NOT_VERIFIED');
    const spoilt = await verifyLines([...all, spoilSignature(greeting(ALICE, 20))]);
    expect(spoilt.summary.verdicts).toMatchObject({ 'bad-signature': 1 });
    const record = { name: 'alice', public_key: ALICE.publicKey, id: ALICE.naraId };
    const pinned = await verifyLines(all, { pinnedKeys: parseKeyList(JSON.stringify(record)) });
    expect(pinned.summary.verdicts).toEqual({ signed: 2, attested: 1, 'bad-signature': 16 });
    expect(pinned.summary.findings['too-many-keys']).toBeUndefined();
  });

  test('that are pinned overrule; with pinnedOnly no others count', async () => {
    const alias = { ...MALLORY, name: 'alice' };
    const lines = [greeting(alias, 0), greeting(BOB, 1), sight('alice', 10, alias), event];
    const pinnedKeys = parseKeyList(`alice ${ALICE.publicKey}`);
    const pinned = await verifyLines(lines, { pinnedKeys });
    expect(pinned.summary.verdicts).toEqual({ 'bad-signature': 2, signed: 2 });
    expect(pinned.findings.map(({ kind }) => kind)).not.toContain('several-keys');
    expect(pinned.summary.signers.find(({ name }) => name === 'alice')?.isPinned).toBe(true);
    const only = await verifyLines(lines, { pinnedKeys, pinnedOnly: true });
    expect(only.summary.verdicts).toEqual({ 'bad-signature': 2, signed: 1, 'unknown-key': 1 });
  });
});

describe('lines together', () => {
  const events = [...GREETINGS, sight('alice', 10, ALICE), sight('alice', 11), sight('alice', 12)];

  test('in order, each once: nothing is found', async () => {
    const { findings, summary } = await verifyLines(events);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ fitting: 6, distinct: 6, lines: 6 });
    expect(judgeVerify(summary, true)).toBeUndefined();
  });

  test('the same again, and in other bytes', async () => {
    const other = events[3]!.replace('{', '{"x":1,');
    const { findings, summary } = await verifyLines([...events.slice(0, 4), events[3]!, other, other]);
    expect(findings.map(({ kind, line }) => [kind, line])).toEqual([
      ['duplicate', 5],
      ['differing-copy', 6],
      ['duplicate', 7],
    ]);
    expect(findings.every(({ id }) => id === parseLine(events[3]!).event.id)).toBe(true);
    expect(summary.distinct).toBe(4);
  });

  test('across files, but order is a matter of each file', async () => {
    const { findings } = await verifyTexts([textOf(events), textOf(events.slice(0, 1))]);
    expect(findings.map(({ kind, file }) => [kind, file?.slice(-7)])).toEqual([['duplicate', '1.jsonl']]);
  });

  test('of unknown services only the bytes tell copies', async () => {
    const newer = events[3]!.replaceAll('seen', 'newer');
    const { findings } = await verifyLines([newer, newer.replace('mesh', 'ping'), newer]);
    expect(findings.map(({ kind }) => kind)).toEqual([
      'unknown-service',
      'unknown-service',
      'unknown-service',
      'duplicate',
    ]);
  });

  test('order: ts, then ID', async () => {
    const swapped = [events[1]!, events[0]!, ...events.slice(2)];
    expect((await verifyLines(swapped)).findings).toMatchObject([{ kind: 'disorder', line: 2 }]);
  });

  test('blocks of lines say the same as one', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => sight('alice', 100 + at));
    [many[999], many[1500]] = [many[1500]!, many[999]!];
    many[2000] = many[1000]!;
    const text = textOf(many);
    const { findings, summary } = await verifyTexts([text]);
    for (const { line, offset } of findings)
      expect(text.slice(offset)).toMatch(new RegExp(`^\\${many[line! - 1]!.slice(0, 40)}`));
    expect(summary.files[0]!.bytes).toBeGreaterThan(2 * 256 * 1024);
    expect(findings.map(({ kind, line }) => [kind, line])).toEqual([
      ['disorder', 1001],
      ['disorder', 1501],
      ['disorder', 2001],
      ['duplicate', 2001],
    ]);
    const backwards = await verifyLines(many.toReversed());
    expect(backwards.findings.filter(({ kind }) => kind === 'disorder')).toHaveLength(4996);
  });

  const HOUR_NS = 3_600_000_000_000;
  const hours = (from: number, to: number, perHour: number): string[] =>
    Array.from({ length: (to - from) * perHour }, (_, at) =>
      sight('alice', from * HOUR_NS + Math.floor((at * HOUR_NS) / perHour)),
    );

  test('hours without an event where neighbours are dense', async () => {
    const dense = await verifyLines([...hours(0, 30, 12), ...hours(33, 60, 12)]);
    expect(dense.findings.map(({ kind, reason }) => [kind, reason.slice(0, 55)])).toEqual([
      ['gap', 'no event from 2026-01-20T12:00Z to 2026-01-20T14:00Z: 2'],
    ]);
    for (const sparse of [
      [...hours(0, 30, 12), ...hours(33, 60, 2)],
      [...hours(0, 30, 2), ...hours(33, 60, 12)],
      hours(0, 60, 12),
    ])
      expect((await verifyLines(sparse)).findings).toEqual([]);
  });
});

describe('bad input', () => {
  const good = textOf(GREETINGS);

  test('an empty file, and one of blanks: nothing was verified', async () => {
    for (const text of ['', '\n \r\n\n']) {
      const { summary } = await verifyTexts([text]);
      expect(judgeVerify(summary)?.code).toBe('NOTHING_VERIFIED');
    }
  });

  test('a gzip that is cut: what can be read is judged, and the cut is bad', async () => {
    const packed = gzipSync(good + good);
    const { summary, findings } = await verifyTexts([packed.subarray(0, -8)]);
    expect(summary.verdicts.signed).toBeGreaterThanOrEqual(3);
    expect(findings.map(({ kind }) => kind)).toContain('damaged');
    expect(judgeVerify(summary)?.exitStatus).toBe(13);
  });

  test('gzip members one after another are one text', async () => {
    const { summary } = await verifyTexts([
      Buffer.concat([gzipSync(good), gzipSync(textOf([sight('x', 9)]))]),
    ]);
    expect(summary.verdicts).toEqual({ signed: 3, unsigned: 1 });
    expect(judgeVerify(summary)).toBeUndefined();
  });

  test('UTF-16 and binary are named; a UTF-8 mark does no harm', async () => {
    for (const content of [Buffer.from(`\ufeff${good}`, 'utf16le'), Buffer.from([1, 0, 2, 3])]) {
      const { findings, summary } = await verifyTexts([content]);
      expect(findings.map(({ kind }) => kind)).toContain('not-text');
      expect(judgeVerify(summary)?.exitStatus).toBe(13);
    }
    const { findings, summary } = await verifyTexts([`\ufeff${good}`]);
    expect(findings).toEqual([]);
    expect(summary.verdicts).toEqual({ signed: 3 });
  });

  test('lines of 16 MiB: one event is too large, and what is longer is not even read', async () => {
    const long = sight('alice', 10).replace('{', `{"x":"${'x'.repeat(MAX_EVENT_BYTES)}",`);
    const { findings, summary } = await verifyTexts([
      `${good}${long}\n${long}${' '.repeat(4096)}\n${sight('x', 11)}\n`,
    ]);
    expect(findings.map(({ kind, line, reason }) => [kind, line, reason.slice(0, 9)])).toEqual([
      ['hostile', 4, 'too-large'],
      ['hostile', 5, 'too-large'],
    ]);
    expect(summary.verdicts).toEqual({ signed: 3, hostile: 2, unsigned: 1 });
  });

  test('a torn line beside something bad is no mere torn line', async () => {
    const { summary } = await verifyTexts([`${good}{}\n{"id"`]);
    expect(judgeVerify(summary)?.code).toBe('NOT_VERIFIED');
    const alone = await verifyTexts(['{"id"']);
    expect(judgeVerify(alone.summary)?.code).toBe('NOTHING_VERIFIED');
  });

  test('a time in the year 2262, or before 1678, makes no table of centuries', async () => {
    const far = [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n].map((tsNs) =>
      sight('x', 0).replace(/"ts":\d+/, `"ts":${tsNs}`),
    );
    const { summary } = await verifyLines(far);
    expect(summary.verdicts).toEqual({ misfit: 2 });
  });

  test('a file that grows while it is read: what was there is judged, and it is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
    const path = join(folder, 'a.jsonl');
    await writeFile(path, good);
    const file = (await LineFile.open(path))!;
    await appendFile(path, 'and more');
    const { summary, findings } = await verifyFiles([file]);
    expect(summary.verdicts).toEqual({ signed: 3 });
    expect(findings).toMatchObject([{ kind: 'grown', file: path }]);
    expect(findings[0]!.reason).toContain('its last 8 bytes');
    expect(judgeVerify(summary)).toBeUndefined();
    await file.close();
    await rm(folder, { recursive: true });
  });

  test('a signal ends it with its reason, also while a pipe is waited for', async () => {
    const stop = new AbortController();
    const stdin = new PassThrough();
    stdin.write(good);
    const file = await LineFile.ofStream('stdin', stdin);
    const observer = {
      gathering: () => {
        setImmediate(() => {
          stop.abort(new Error('enough'));
        });
      },
      verifying: () => undefined,
    };
    await expect(verifyFiles([file], { signal: stop.signal, observer })).rejects.toThrow('enough');
    await file.close();
  });
});
