import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  exportAuditEvents,
  type AuditExportOptions,
  type AuditExportSummary,
} from '../../src/managed/audit-export.ts';
import { MAX_EVENT_BYTES } from '../../src/managed/audit-events.ts';
import { jsonText } from '../property/json-oracle.ts';
import {
  addEvents,
  asNobody,
  becomeRoot,
  newAuthority,
  newFolder,
  realAuthority,
  type AuditRow,
} from './authority.ts';

type Options = Partial<AuditExportOptions>;

interface Exported {
  readonly text: string;
  readonly summary: AuditExportSummary;
}

async function exported(dbPath: string, options: Options = {}): Promise<Exported> {
  const pieces: Buffer[] = [];
  const summary = await exportAuditEvents(
    { dbPath, format: 'jsonl', busyTimeoutMs: 1000, ...options },
    (bytes) => {
      pieces.push(Buffer.from(bytes));
      return Promise.resolve();
    },
  );
  return { text: Buffer.concat(pieces).toString('latin1'), summary };
}

/** The error, and that nothing was written before it. */
async function failureOf(dbPath: string, options: Options = {}): Promise<{ code: string; message: string }> {
  let written = 0;
  const job = exportAuditEvents({ dbPath, format: 'jsonl', busyTimeoutMs: 0, ...options }, (bytes) => {
    written += bytes.length;
    return Promise.resolve();
  });
  const error = await job.then(
    () => expect.unreachable('it did not fail'),
    (cause: unknown) => cause as { code: string; message: string },
  );
  expect(written).toBe(0);
  return error;
}

const idsOf = ({ text }: Exported): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { event_id: string }).event_id);

const ids = async (rows: readonly AuditRow[], options: Options = {}): Promise<string[]> =>
  idsOf(await exported(newAuthority(rows), options));

describe('the database of a real authority', () => {
  test.each<[string, Options, number]>([
    ['audit.jsonl', {}, 12],
    ['audit.json', { format: 'json' }, 12],
    ['audit-treaty.jsonl', { eventTypes: ['recognition_treaty_issued'] }, 3],
  ])('%s, byte for byte', async (name, options, eventCount) => {
    const { text, summary } = await exported(realAuthority(), options);
    expect(text).toBe(readFileSync(new URL(`../../fixtures/genesis/${name}`, import.meta.url), 'latin1'));
    expect(summary).toEqual({ eventCount, undatedCount: 0, undated: [] });
  });

  test('leaves nothing beside it', async () => {
    const path = realAuthority();
    const before = readFileSync(path);
    await exported(path);
    expect(readdirSync(dirname(path))).toEqual(['na.db']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('no events', async () => {
    const eventTypes = ['nothing_of_the_kind'];
    expect((await exported(realAuthority(), { eventTypes })).text).toBe('');
    expect((await exported(realAuthority(), { eventTypes, format: 'json' })).text).toBe('[]\n');
    expect((await exported(newAuthority([]))).summary.eventCount).toBe(0);
  });
});

describe('the order', () => {
  test('is that of created_at, then that of the rows', async () => {
    const early = '2026-11-21T00:00:00+00:00';
    const late = '2026-11-21T00:00:01+00:00';
    const rows = ['m', 'z', 'a', 'k', 'b'].map((id, at) => ({ id, at: at === 0 ? late : early }));
    expect(await ids(rows)).toEqual(['z', 'a', 'k', 'b', 'm']);
  });
});

test('rows beyond 2^53', async () => {
  const path = newAuthority([{ id: 'a' }, { id: 'b' }]);
  const db = new Sqlite(path);
  for (const [id, row] of Object.entries({ a: '9007199254740993', b: '9007199254740992' })) {
    db.exec(`UPDATE audit_events SET rowid = ${row} WHERE event_id = '${id}'`);
  }
  db.close();
  expect(idsOf(await exported(path))).toEqual(['b', 'a']);
});

describe('the selection', () => {
  const ns = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

  test('several types, by what stands in the event', async () => {
    const rows = [
      { id: 'a', type: 'x' },
      { id: 'b', type: 'y' },
      { id: 'c', type: 'z' },
      { id: 'd', type: '\u00fc"' },
      { id: 'e', sql: `'{"event_id":"e"}'` },
      { id: 'f', sql: `'{"event_id":"f","event_type":["x"]}'` },
    ];
    expect(await ids(rows, { eventTypes: ['x', 'z'] })).toEqual(['a', 'c']);
    expect(await ids(rows, { eventTypes: ['\u00fc"', 'xx', ''] })).toEqual(['d']);
    expect(await ids(rows, { eventTypes: [] })).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('a window, by moments and not by texts', async () => {
    const rows = [
      { id: 'before', at: '2026-11-21T09:59:59.999999+00:00' },
      { id: 'first', at: '2026-11-21T10:00:00' },
      { id: 'zulu', at: '2026-11-21T10:30:00Z' },
      { id: 'offset', at: '2026-11-21T13:00:00.000001+02:00' },
      { id: 'early offset', at: '2026-11-21T06:30:00-05:00' },
      { id: 'last', at: '2026-11-21T11:59:59.999999+00:00' },
      { id: 'after', at: '2026-11-21T12:00:00+00:00' },
      { id: 'late offset', at: '2026-11-21T11:30:00-05:00' },
    ];
    const sinceNs = ns('2026-11-21T10:00:00Z');
    const untilNs = ns('2026-11-21T12:00:00Z');
    const inside = ['early offset', 'first', 'zulu', 'last', 'offset'];
    expect(await ids(rows, { sinceNs, untilNs })).toEqual(inside);
    expect(await ids(rows, { sinceNs })).toEqual([
      'early offset',
      'first',
      'zulu',
      'late offset',
      'last',
      'after',
      'offset',
    ]);
    expect(await ids(rows, { untilNs })).toEqual([
      'early offset',
      'before',
      'first',
      'zulu',
      'last',
      'offset',
    ]);
  });

  test('an event of no readable time is in the whole export, and named where there is a window', async () => {
    const rows = [
      { id: 'good' },
      { id: 'bad', at: 'yesterday' },
      { id: 'null', at: null, type: 'x' },
      { id: 'long', at: '2026-11-21T00:00:00.' + '0'.repeat(100) },
    ];
    const path = newAuthority(rows);
    expect(await ids(rows)).toEqual(['null', 'good', 'long', 'bad']);
    const windowed = await exported(path, { sinceNs: 0n });
    expect(idsOf(windowed)).toEqual(['good']);
    expect(windowed.summary).toEqual({ eventCount: 1, undatedCount: 3, undated: ['null', 'long', 'bad'] });
    const ofType = await exported(path, { untilNs: 1n, eventTypes: ['x'] });
    expect([ofType.text, ofType.summary.undated]).toEqual(['', ['null']]);
  });

  test('a hundred are named, all are counted', async () => {
    const path = newAuthority(Array.from({ length: 150 }, () => ({ at: 'x' })));
    const { undatedCount, undated } = (await exported(path, { sinceNs: 0n })).summary;
    expect([undatedCount, undated.length, undated[99]]).toEqual([150, 100, 'event-99']);
  });
});

describe('an event that cannot be read', () => {
  test.each<[string, string, RegExp]>([
    ['no JSON', `'{"token":"s3cret"'`, /no JSON in UTF-8 \(byte 17\)/],
    ['nothing', `''`, /no JSON in UTF-8 \(byte 0\)/],
    ['a list', `'["s3cret"]'`, /JSON, but no object/],
    ['a string', `'"s3cret"'`, /JSON, but no object/],
    ['a number', '7', /JSON, but no object/],
    ['NULL', 'NULL', /no text but null/],
    ['a BLOB', `CAST('{"s3cret":1}' AS BLOB)`, /no text but blob/],
    ['no UTF-8', `CAST(x'7b22733363726574ff223a317d' AS TEXT)`, /no JSON in UTF-8/],
    ['a NUL', `'{"s3cret":1' || char(0) || '}'`, /no JSON in UTF-8 \(byte 11\)/],
    [
      'too large',
      `'{"s3cret":"' || hex(zeroblob(${MAX_EVENT_BYTES / 2})) || '"}'`,
      /4194317 bytes; more than/,
    ],
  ])('%s: it is named, and nothing is written', async (_title, sql, reason) => {
    const error = await failureOf(newAuthority([{ id: 'fine' }, { id: 'odd one', sql }, { id: 'fine too' }]));
    expect(error.code).toBe('AUDIT_EVENT');
    expect(error.message).toContain('The audit event odd one cannot be exported');
    expect(error.message).toMatch(reason);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  test('also where a type was asked for, but not outside of the window', async () => {
    const path = newAuthority([
      { id: 'broken', sql: `'{'` },
      { id: 'fine', at: '2026-11-22' },
    ]);
    expect((await failureOf(path, { eventTypes: ['node_joined'] })).code).toBe('AUDIT_EVENT');
    const sinceNs = BigInt(Date.parse('2026-11-22')) * 1_000_000n;
    expect(idsOf(await exported(path, { sinceNs }))).toEqual(['fine']);
  });

  test('one without an ID is named by its row', async () => {
    const path = newAuthority([{ id: 'fine' }, { id: null, sql: `'['` }]);
    expect((await failureOf(path)).message).toContain('The audit event row 2 cannot');
  });

  test('the largest that is read', async () => {
    const filling = MAX_EVENT_BYTES / 2 - 5;
    const path = newAuthority([{ sql: `'{"key":"' || hex(zeroblob(${filling})) || '"}'` }]);
    const { text } = await exported(path);
    expect(text === `{"key": "${'0'.repeat(filling * 2)}"}\n`).toBe(true);
  });

  test('deep nesting: on one line it is no matter, indented it would take its square', async () => {
    const deep = (levels: number): string => '{"a": '.repeat(levels) + '1' + '}'.repeat(levels);
    const path = newAuthority([{ id: 'deep', sql: `'${deep(100_000)}'` }]);
    expect((await exported(path)).text === deep(100_000) + '\n').toBe(true);
    const error = await failureOf(path, { format: 'json' });
    expect([error.code, error.message]).toEqual([
      'AUDIT_EVENT',
      expect.stringContaining('event deep cannot'),
    ]);
  });
});

describe('a database that is no authority\u2019s', () => {
  test.each([
    ['CREATE TABLE node_meta (key TEXT)', 'DATABASE_SYSTEM'],
    ['CREATE TABLE node_meta (key TEXT); CREATE TABLE schema_version (v)', 'DATABASE_SYSTEM'],
    ['CREATE TABLE other (key TEXT)', 'DATABASE_SCHEMA'],
    ['CREATE TABLE schema_version (v)', 'DATABASE_SCHEMA'],
    ['CREATE TABLE audit_events (event_id, event_json, created_at)', 'DATABASE_SCHEMA'],
    ['CREATE TABLE schema_version (v); CREATE TABLE audit_events (event_id, event_json)', 'DATABASE_SCHEMA'],
    [
      'CREATE TABLE schema_version (v); CREATE VIEW audit_events AS SELECT 1 event_id, 2 event_json, 3 created_at',
      'DATABASE_SCHEMA',
    ],
    [
      'CREATE TABLE schema_version (v);' +
        'CREATE TABLE audit_events (event_id PRIMARY KEY, event_json, created_at) WITHOUT ROWID',
      'DATABASE_SCHEMA',
    ],
  ])('%s: %s', async (sql, code) => {
    const path = join(newFolder(), 'some.db');
    new Sqlite(path).exec(sql).close();
    expect((await failureOf(path)).code).toBe(code);
  });

  test('no database, no file, a locked one', async () => {
    const path = join(newFolder(), 'some.db');
    expect((await failureOf(path)).code).toBe('FILE_UNREADABLE');
    writeFileSync(path, 'text '.repeat(1000));
    expect((await failureOf(path)).code).toBe('DATABASE_FORMAT');
    const locked = newAuthority([{}], 'delete');
    const writer = new Sqlite(locked);
    writer.exec('BEGIN EXCLUSIVE');
    expect((await failureOf(locked)).code).toBe('DATABASE_BUSY');
    writer.exec('COMMIT');
    expect((await exported(locked)).summary.eventCount).toBe(1);
    writer.close();
  });
});

describe('beside a writer', () => {
  const rows = (from: number, count: number): AuditRow[] =>
    Array.from({ length: count }, (_, at) => ({ id: `event-${from + at}`, at: '2026-11-21T00:00:00+00:00' }));

  test('it is the state of one moment', async () => {
    const path = newAuthority(rows(0, 5000));
    const writer = new Sqlite(path);
    let added = 0;
    let isOver = false;
    const write = (): void => {
      if (isOver) return;
      addEvents(writer, rows(5000 + added++, 1));
      writer.exec(`DELETE FROM audit_events WHERE rowid = ${5000 - added}`);
      setImmediate(write);
    };
    let addedWhileReading = 0;
    let text = '';
    setImmediate(write);
    await exportAuditEvents({ dbPath: path, format: 'jsonl', busyTimeoutMs: 0 }, (bytes) => {
      addedWhileReading ||= added;
      text += bytes.toString('latin1');
      return Promise.resolve();
    });
    isOver = true;
    writer.close();
    const found = idsOf({ text } as Exported);
    // What was there when it began: as many came as went, before or since.
    expect(found.length).toBe(5000);
    const changed = found.filter((id) => Number(id.slice(6)) >= 5000).length;
    expect(addedWhileReading).toBeGreaterThan(changed + 2);
    expect(found).toEqual([
      ...rows(0, 4999 - changed).map(({ id }) => id),
      ...rows(4999, 1 + changed).map(({ id }) => id),
    ]);
  });

  test('what lies in its WAL is there', async () => {
    const path = realAuthority();
    const writer = new Sqlite(path);
    addEvents(writer, [{ id: 'new', at: '2026-11-22T00:00:00+00:00' }]);
    expect(existsSync(`${path}-wal`)).toBe(true);
    expect(idsOf(await exported(path)).at(-1)).toBe('new');
    writer.close();
  });

  test('a slow reader keeps no writer waiting', async () => {
    const path = newAuthority(rows(0, 10), 'delete');
    const writer = new Sqlite(path, { timeout: 0 });
    await exportAuditEvents({ dbPath: path, format: 'jsonl', busyTimeoutMs: 0 }, () => {
      addEvents(writer, rows(10, 1));
      return Promise.resolve();
    });
    expect((await exported(path)).summary.eventCount).toBe(11);
    writer.close();
  });

  test('an output that has no room in memory lies in a private file', async () => {
    const folder = newFolder();
    const large = { id: 'a', at: '2026-11-22', sql: `'{"k":"' || hex(zeroblob(2000000)) || '"}'` };
    const path = newAuthority([...rows(0, 1), large, { ...large, id: 'b' }, { ...large, id: 'c' }]);
    const { text, summary } = await exported(path, { spillFolder: folder, format: 'json' });
    expect(summary.eventCount).toBe(4);
    expect((JSON.parse(text) as { k?: string }[]).map(({ k = '' }) => k.length)).toEqual([
      0, 4_000_000, 4_000_000, 4_000_000,
    ]);
    expect(readdirSync(folder)).toEqual([]);
    expect((await failureOf(path, { spillFolder: '/nowhere' })).code).toBe('TEMPORARY_FILE');
  });

  test('what ends the writing ends the export; a signal ends the reading', async () => {
    const path = newAuthority([...rows(0, 3000), { id: 'never read', sql: `'{'`, at: '2026-11-22' }]);
    const stop = new Error('enough');
    const options = { dbPath: path, format: 'jsonl', busyTimeoutMs: 0 } as const;
    const whole = newAuthority(rows(0, 1));
    await expect(exportAuditEvents({ ...options, dbPath: whole }, () => Promise.reject(stop))).rejects.toBe(
      stop,
    );
    let looks = 0;
    const signal = Object.assign(new AbortController().signal, {
      throwIfAborted: () => {
        if (looks++ > 0) throw stop; // the first look is before the reading
      },
    });
    expect(await failureOf(path, { signal })).toBe(stop);
  });
});

describe('a database that we may not write', () => {
  test('a read-only file in WAL mode, in a folder that takes files', async () => {
    const path = realAuthority();
    asNobody(dirname(path), 0o777);
    expect((await exported(path)).summary.eventCount).toBe(12);
  });

  test('a read-only folder, nobody beside us', async () => {
    const path = realAuthority();
    asNobody(dirname(path), 0o555);
    expect((await exported(path)).summary.eventCount).toBe(12);
    expect(readdirSync(dirname(path))).toEqual(['na.db']);
  });

  test('a read-only folder, with a writer in it', async () => {
    const path = realAuthority();
    const writer = new Sqlite(path);
    addEvents(writer, [{ id: 'new', at: '2026-11-22T00:00:00+00:00' }]);
    asNobody(dirname(path), 0o555);
    expect(idsOf(await exported(path)).at(-1)).toBe('new');
    becomeRoot();
    writer.close();
  });

  test('a read-only folder, with the WAL of somebody who died: no half of it is read', async () => {
    const path = realAuthority();
    const writer = new Sqlite(path);
    addEvents(writer, [{ id: 'new', at: '2026-11-22T00:00:00+00:00' }]);
    const copy = join(newFolder(), 'na.db');
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    writer.close();
    asNobody(dirname(copy), 0o555);
    expect((await failureOf(copy)).code).toMatch(/^FILE_UN(READ|WRIT)ABLE$/);
  });

  test('one that is no authority\u2019s, or damaged, is told apart there too', async () => {
    const path = join(newFolder(), 'na.db');
    new Sqlite(path).exec('PRAGMA journal_mode = wal; CREATE TABLE node_meta (x)').close();
    asNobody(dirname(path), 0o555);
    expect((await failureOf(path)).code).toBe('DATABASE_SYSTEM');
    becomeRoot();
    const damaged = realAuthority();
    const { root } = new Sqlite(damaged)
      .prepare<[], { root: number }>("SELECT rootpage AS root FROM sqlite_schema WHERE name = 'audit_events'")
      .get()!;
    const bytes = readFileSync(damaged);
    writeFileSync(damaged, bytes.fill(0xff, (root - 1) * 4096, root * 4096));
    rmSync(`${damaged}-wal`, { force: true });
    rmSync(`${damaged}-shm`, { force: true });
    asNobody(dirname(damaged), 0o555);
    expect((await failureOf(damaged)).code).toBe('DATABASE_DAMAGED');
  });
});

/** The export as the authority has it, of each database in turn, in both formats. */
const AUTHORITY = `
import json, sqlite3, sys
PARTS = ("admin_signature", "body", "invite_token", "na_private_key", "nonce", "operator_private_key", "private_key",
         "request_body", "signature", "token")
def redact(value):
    if isinstance(value, dict):
        return {k: "<redacted>" if any(p in k.lower() for p in PARTS) else redact(v) for k, v in value.items()}
    return [redact(v) for v in value] if isinstance(value, list) else value
for path in json.load(sys.stdin):
    rows = sqlite3.connect(path).execute("SELECT event_json FROM audit_events ORDER BY created_at ASC")
    events = [redact(json.loads(text)) for (text,) in rows]
    lines = "".join(json.dumps(event, sort_keys=True) + "\\n" for event in events)
    print(json.dumps([lines, json.dumps(events, indent=2, sort_keys=True) + "\\n"]))
`;
const hasPython = spawnSync('python3', ['-c', 'import json, sqlite3']).status === 0;

test.skipIf(!hasPython)('any events, as Python exports them', async () => {
  const key = fc.constantFrom('token', 'a_Body', 'note', 'to\u212aen', '\u{1f338}', '\uffee', 'x');
  const member = fc
    .tuple(key, jsonText)
    .map(([name, value]) => `${JSON.stringify(name)}:${value.toWellFormed()}`);
  const event = fc.record({
    json: fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(',')}}`),
    at: fc.constantFrom('2026-11-21T00:00:00+00:00', '2026-11-21T00:00:00.5+00:00', '2026-11-20', 'x'),
  });
  const databases = fc.sample(fc.array(event, { maxLength: 12 }), 40).map((events) => {
    const path = newAuthority([]);
    const db = new Sqlite(path);
    const insert = db.prepare('INSERT INTO audit_events VALUES (?, ?, ?)');
    for (const [at, { json, at: moment }] of events.entries()) insert.run(`${(at * 7) % 13}`, json, moment);
    db.close();
    return path;
  });
  const { stdout, stderr } = spawnSync('python3', ['-c', AUTHORITY], {
    input: JSON.stringify(databases),
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  expect(stderr).toBe('');
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as [string, string]);
  expect(answers.length).toBe(databases.length);
  for (const [at, path] of databases.entries()) {
    const ours = [await exported(path), await exported(path, { format: 'json' })].map(({ text }) => text);
    expect(ours).toEqual(answers[at]);
  }
});
