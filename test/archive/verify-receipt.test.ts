import { describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { judgeVerify } from '../../src/archive/verify-outcome.ts';
import type { Finding } from '../../src/archive/verdict.ts';
import { parseKeyList } from '../../src/event/key-list.ts';
import { ALL_ZERO_SOUL_KEY, deriveKeypair } from '../../src/identity/keypair.ts';
import type { Soul } from '../../src/identity/soul.ts';
import { Meter, measuredRecord } from '../../src/receipt/meter.ts';
import { sealReceipt } from '../../src/receipt/seal.ts';
import { ALICE, BOB, greeting, MALLORY, sight, START_NS, textOf, verifyTexts } from './verifying.ts';

const LINES = [greeting(ALICE, 0), sight('alice', 10, ALICE), sight('bob', 11, BOB)];
const TEXT = textOf(LINES);

type Fields = Readonly<Record<string, unknown>>;

/** What a dump's meter says of these bytes. */
function measure(
  text: string,
  isCompressed = false,
  raw = isCompressed ? gzipSync(text) : Buffer.from(text),
): Fields {
  const meter = new Meter(isCompressed, true);
  meter.raw(raw);
  meter.plain(Buffer.from(text));
  const times = [...text.matchAll(/"ts":(\d+)/g)].map(([, ts]) => BigInt(ts!));
  return measuredRecord({
    ...meter.measured,
    lines: times.length,
    firstTsNs: times[0],
    lastTsNs: times.at(-1),
  });
}

function receiptOf(fields: Fields = {}, signer = ALICE): { path: string; bytes: Buffer } {
  const payload = {
    type: 'mesh-backup receipt',
    version: 1,
    requester: 'alice',
    endedAt: '2026-02-01T00:00:00.000Z',
    file: 'backup.jsonl',
    output: measure(TEXT),
    before: null,
    events: { read: 5, written: 3, duplicate: 2, quarantined: 0, filtered: 0 },
    peers: [],
    ...fields,
  };
  return { path: 'receipt', bytes: sealReceipt(JSON.stringify(payload), signer) };
}

function ofReceipts(findings: readonly Finding[]): string[] {
  return findings.filter(({ kind }) => kind === 'receipt').map(({ reason }) => reason);
}

describe('a receipt', () => {
  test('that anybody can have signed holds nothing, and teaches nothing', async () => {
    const open = { ...ALICE, ...deriveKeypair({ seed: new Uint8Array(32) } as Soul) };
    expect(open.publicKey).toBe(ALL_ZERO_SOUL_KEY);
    const { findings, summary } = await verifyTexts([TEXT], { receipt: receiptOf({}, open) });
    expect(ofReceipts(findings)).toEqual(['receipt: it is signed with a key that anybody can sign with']);
    expect(findings.map(({ kind }) => kind)).not.toContain('several-keys');
    expect(summary.files[0]!.receiptHolds).toBe(false);
  });

  test('holds', async () => {
    const { findings, summary } = await verifyTexts([TEXT], { receipt: receiptOf() });
    expect(ofReceipts(findings)).toEqual([]);
    expect(summary.files[0]!.receiptHolds).toBe(true);
    expect(judgeVerify(summary)).toBeUndefined();
  });

  test('of a compressed backup holds, and speaks of its text as well', async () => {
    const packed = gzipSync(TEXT);
    const output = measure(TEXT, true, packed);
    expect(ofReceipts((await verifyTexts([packed], { receipt: receiptOf({ output }) })).findings)).toEqual(
      [],
    );
    const spoilt = { ...output, uncompressed: { bytes: TEXT.length, sha256: '00' } };
    const { findings } = await verifyTexts([packed], { receipt: receiptOf({ output: spoilt }) });
    expect(ofReceipts(findings)).toMatchObject([expect.stringContaining('the SHA-256 of its text')]);
  });

  test('of what was appended holds with what was there before', async () => {
    const added = textOf([sight('x', 20), sight('x', 21)]);
    const fields = {
      file: null,
      before: measure(TEXT),
      output: measure(added),
      events: { read: 2, written: 2, duplicate: 0, quarantined: 0, filtered: 0 },
    };
    const receipt = receiptOf(fields);
    expect(ofReceipts((await verifyTexts([TEXT + added], { receipt })).findings)).toEqual([]);
    const swapped = TEXT.replace('mesh 10', 'mesh 19') + added;
    expect(ofReceipts((await verifyTexts([swapped], { receipt })).findings)).toMatchObject([
      expect.stringContaining('what was there before'),
    ]);
    expect(
      ofReceipts((await verifyTexts([TEXT + added.replace('mesh 21', 'mesh 22')], { receipt })).findings),
    ).toMatchObject([expect.stringContaining('what was added')]);
  });

  const cases: [name: string, text: string, receipt: ReturnType<typeof receiptOf>, reason: string][] = [
    [
      'of another file',
      textOf([...LINES.slice(0, 2), sight('bob', 11)]),
      receiptOf(),
      'bytes, the receipt says',
    ],
    [
      'of a file in which one byte differs',
      TEXT.replace('mesh 11', 'mesh 12'),
      receiptOf(),
      'the SHA-256 of the file',
    ],
    ['of a file with other counts', TEXT, receiptOf({ output: { ...measure(TEXT), lines: 4 } }), 'says 4'],
    [
      'of a file with another first time',
      TEXT,
      receiptOf({ output: { ...measure(TEXT), firstTs: '7' } }),
      'the first event',
    ],
    [
      'of a file with another last time',
      TEXT,
      receiptOf({ output: { ...measure(TEXT), lastTs: undefined } }),
      'the last event',
    ],
    [
      'whose counts do not add up',
      TEXT,
      receiptOf({ events: { read: 6, written: 3, duplicate: 2, quarantined: 0, filtered: 0 } }),
      'add up',
    ],
    [
      'that says another number of lines than it wrote',
      TEXT,
      receiptOf({ events: { read: 2, written: 2, duplicate: 0, quarantined: 0, filtered: 0 } }),
      'it speaks of 2',
    ],
    ['without a SHA-256', TEXT, receiptOf({ output: { ...measure(TEXT), sha256: undefined } }), 'no SHA-256'],
    ['that is something else', TEXT, { path: 'r', bytes: Buffer.from('{}\n{}\n') }, 'no seal'],
    ['of one line', TEXT, { path: 'r', bytes: Buffer.from('{}') }, 'two lines'],
    ['of another version', TEXT, receiptOf({ version: 2 }), 'no receipt of a version'],
    ['that was changed', TEXT, changed(receiptOf()), 'its signature is false'],
  ];

  test.each(cases)('%s does not hold', async (_, text, receipt, reason) => {
    const { findings, summary } = await verifyTexts([text], { receipt });
    expect(ofReceipts(findings).join('; ')).toContain(reason);
    expect(summary.files[0]!.receiptHolds).toBe(false);
    expect(judgeVerify(summary)?.exitStatus).toBe(13);
  });

  test('signed by another than whom the operator vouches for does not hold, and teaches nothing', async () => {
    const pinnedKeys = parseKeyList(`alice ${ALICE.publicKey}`);
    const good = await verifyTexts([TEXT], { receipt: receiptOf(), pinnedKeys });
    expect(ofReceipts(good.findings)).toEqual([]);
    const peers = [{ claimedName: 'bob', publicKey: BOB.publicKey, proven: true }];
    const { findings, summary } = await verifyTexts([TEXT], {
      receipt: receiptOf({ peers }, { ...MALLORY, name: 'alice' }),
      pinnedKeys,
    });
    expect(ofReceipts(findings)).toMatchObject([expect.stringContaining('not the key given for alice')]);
    expect(summary.verdicts).toMatchObject({ 'unknown-key': 1 });
  });

  test('teaches the keys of its signer and of proven peers', async () => {
    const text = textOf(LINES.slice(1));
    const fields = {
      output: measure(text),
      events: { read: 2, written: 2, duplicate: 0, quarantined: 0, filtered: 0 },
    };
    const peer = { claimedName: 'bob', publicKey: BOB.publicKey };
    const proven = await verifyTexts([text], {
      receipt: receiptOf({ ...fields, peers: [{ ...peer, proven: true }] }),
    });
    expect(proven.summary.verdicts).toEqual({ signed: 2 });
    const claimed = await verifyTexts([text], {
      receipt: receiptOf({ ...fields, peers: [{ ...peer, proven: false }] }),
    });
    expect(claimed.summary.verdicts).toEqual({ signed: 1, 'unknown-key': 1 });
    const forged = await verifyTexts([text], {
      receipt: changed(receiptOf({ ...fields, peers: [{ ...peer, proven: true }] })),
    });
    expect(forged.summary.verdicts).toEqual({ 'unknown-key': 2 });
  });
});

/** With another payload under the old seal. */
function changed({ path, bytes }: ReturnType<typeof receiptOf>): { path: string; bytes: Buffer } {
  return { path, bytes: Buffer.from(bytes.toString().replace('"requester":"alice"', '"requester":"alicE"')) };
}

test('times of the sandbox are what the receipts above speak of', () => {
  expect(measure(TEXT)['firstTs']).toBe(String(START_NS));
});
