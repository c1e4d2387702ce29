import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openRecord, sealRecord, type RecordKind } from '../../src/keys/sealed-record.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';
import { answering, nobody, WELL } from '../managed/answering.ts';
import { addEvents } from '../managed/authority.ts';
import { failureOf, fixture, hashOf, managed, newDesk, newKey, recordsOf } from './managing.ts';
import { start, whenFinished } from './spawn.ts';

const NAMES = ['connectome.json', 'crl.json', 'healthz.json', 'nodes.json', 'policy.json', 'readyz.json'];

/** The payload of a record, and who sealed it. */
function recordOf(folder: string, kind: RecordKind): Record<string, unknown> {
  const opened = openRecord(kind, readFileSync(join(folder, `${kind}.jsonl`)));
  if ('flaw' in opened) return expect.unreachable(opened.flaw);
  return { ...(JSON.parse(opened.payload.toString('utf8')) as object), key: opened.key };
}

describe('check', () => {
  test('a well authority, and its answers as they came', async () => {
    const desk = newDesk();
    const { url } = await answering(WELL);
    const { status, stdout, stderr } = await managed(desk, ['check', url, '--save', 'deep/before']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^✅ /gm)).toHaveLength(6);
    expect(readdirSync(join(desk, 'deep/before')).sort()).toEqual(NAMES);
    expect(readFileSync(join(desk, 'deep/before/crl.json'), 'utf8')).toBe(WELL['/crl']);
    const { stdout: json } = await managed(desk, ['check', url, '--json']);
    expect(recordsOf(json).at(-1)).toMatchObject({ type: 'summary', exitStatus: 0, checks: 6, ok: 6 });
  });

  test('not ready, no JSON: each is told, the rest kept, the status 1', async () => {
    const desk = newDesk();
    const { url } = await answering({
      ...WELL,
      '/readyz': '{"status":"\u202estarting"}',
      '/crl': '<html>',
    });
    const { status, stdout, stderr } = await managed(desk, ['check', url, '--save', 'before']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/❌ readyz +its status is .*starting/);
    expect(stdout).not.toContain('\u202e');
    expect(stdout).toMatch(/❌ crl +the answer is no JSON/);
    expect(stderr).toBe('Error: 2 of 6 checks failed.\n');
    expect(readdirSync(join(desk, 'before'))).toContain('crl.txt');
  });

  test('one that is silent, and nobody at all', async () => {
    const desk = newDesk();
    const { url } = await answering({ ...WELL, '/nodes': () => undefined });
    expect(await managed(desk, ['check', url, '--request-timeout', '300ms'])).toMatchObject({ status: 1 });
    expect(await failureOf(desk, ['check', await nobody()])).toMatchObject({
      code: 'PEER_UNREACHABLE',
      exitStatus: 14,
    });
    expect(await failureOf(desk, ['check', 'http://192.0.2.1'])).toMatchObject({ code: 'PLAIN_HTTP' });
  });
});

const INCIDENT = ['incident', '--db-path', 'na.db', '--output', 'inc'];

describe('incident', () => {
  test('events, answers and sums, signed; nothing secret is in it', async () => {
    const desk = newDesk();
    const key = await newKey(desk);
    const db = new Sqlite(join(desk, 'na.db'));
    addEvents(db, [{ id: 'x', details: { invite_token: 'top-secret' } }]);
    db.close();
    const { url } = await answering(WELL);
    const flags = ['--url', url, '--sign-with', 'operator.key', '--since', '2026-11-01T00:00:00Z'];
    expect(await managed(desk, [...INCIDENT, ...flags])).toEqual({
      status: 0,
      signal: null,
      stdout: 'inc: 13 audit events\n',
      stderr: '',
    });
    const folder = join(desk, 'inc');
    expect(readdirSync(folder).sort()).toEqual(
      ['SHA256SUMS', 'audit.jsonl', ...NAMES, 'incident.jsonl'].sort(),
    );
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('top-secret');
    }
    expect(recordOf(folder, 'incident')).toMatchObject({
      key,
      runbook: null,
      since: '2026-11-01T00:00:00.000Z',
      until: null,
      eventTypes: [],
      events: 13,
      eventsWithoutTime: 0,
    });
    expect(await managed(desk, ['verify', 'inc', '--trusted-key', key])).toEqual({
      status: 0,
      signal: null,
      stdout: `OK: incident, 7 files, signed with ${key}\n`,
      stderr: '',
    });
  });

  test.each([
    ['operator-key', [], 12],
    ['bad-treaty', ['recognition_treaty_issued'], 3],
    ['bad-feed', ['sovereign_revocation_feed_imported', 'sovereign_revocation_feed_rejected'], 6],
    ['database', [], 12],
    ['blast-radius', [], 12],
  ])('the runbook %s chooses its events', async (runbook, eventTypes, events) => {
    const desk = newDesk();
    const { status, stderr } = await managed(desk, [...INCIDENT, '--runbook', runbook]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^⚠️ {2}Without --sign-with nothing shows .*\n$/);
    expect(recordOf(join(desk, 'inc'), 'incident')).toMatchObject({
      runbook,
      eventTypes,
      events,
      key: undefined,
    });
    const lines = readFileSync(join(desk, 'inc/audit.jsonl'), 'utf8');
    if (runbook === 'bad-treaty') expect(lines).toBe(fixture('audit-treaty.jsonl'));
  });

  test('--event-type goes before the runbook', async () => {
    const desk = newDesk();
    await managed(desk, [...INCIDENT, '--runbook', 'bad-treaty', '--event-type', 'node_joined']);
    expect(recordOf(join(desk, 'inc'), 'incident')).toMatchObject({ eventTypes: ['node_joined'], events: 3 });
  });

  test('--with-database: a whole copy, and in the record', async () => {
    const desk = newDesk();
    expect((await managed(desk, [...INCIDENT, '--with-database'])).status).toBe(0);
    const copy = new Sqlite(join(desk, 'inc/authority.db'));
    expect(copy.prepare('SELECT count(*) FROM audit_events').pluck().get()).toBe(12);
    copy.close();
    expect(JSON.stringify(recordOf(join(desk, 'inc'), 'incident')['files'])).toContain('authority.db');
  });

  test('nobody answers at --url: the folder is there all the same, which 3 says', async () => {
    const desk = newDesk();
    const { status, stdout, stderr } = await managed(desk, [...INCIDENT, '--url', await nobody()]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'inc: 12 audit events\n' });
    expect(stderr).toContain('/readyz: ');
    expect((await managed(desk, ['verify', '--allow-unsigned', 'inc'])).status).toBe(0);
    const { answers } = recordOf(join(desk, 'inc'), 'incident') as { answers: { problem: string }[] };
    expect(answers).toHaveLength(6);
    expect(answers[0]!.problem).toContain('PEER_UNREACHABLE');
  });

  test.each([
    ['the folder is there', [], 'FILE_EXISTS'],
    ['the key is none', ['--sign-with', 'na.db'], 'KEY_FILE'],
    ['the URL is none', ['--url', 'localhost'], 'USAGE'],
  ])('where %s, nothing is made', async (_, flags, code) => {
    const desk = newDesk();
    if (code === 'FILE_EXISTS') mkdirSync(join(desk, 'inc'));
    const before = readdirSync(desk);
    expect((await failureOf(desk, [...INCIDENT, ...flags]))['code']).toContain(code);
    expect(readdirSync(desk)).toEqual(before);
  });

  test('SIGINT in the middle leaves nothing behind', async () => {
    const desk = newDesk();
    const { url, server } = await answering({ ...WELL, '/nodes': () => undefined });
    const child = start('bin/mesh-backup.js', ['managed', ...INCIDENT, '--url', url], { cwd: desk });
    const finished = whenFinished(child);
    server.on('request', ({ url: path }: { url: string }) => {
      if (path !== '/nodes') return;
      expect(readdirSync(desk)).toContain('inc.part');
      child.kill('SIGINT');
    });
    await once(child, 'close');
    expect(await finished).toMatchObject({ status: 130 });
    expect(readdirSync(desk)).toEqual(['na.db']);
  });
});

describe('verify', () => {
  async function signed(): Promise<{ readonly desk: string; readonly key: string; readonly inc: string }> {
    const desk = newDesk();
    const key = await newKey(desk);
    await managed(desk, [...INCIDENT, '--sign-with', 'operator.key']);
    return { desk, key, inc: join(desk, 'inc') };
  }

  test('what is changed is told, by name, and 13 says it', async () => {
    const { desk, key, inc } = await signed();
    expect(await managed(desk, ['verify', 'inc'])).toMatchObject({
      status: 0,
      stdout: `OK: incident, 1 file, signed with ${key}\n`,
    });
    appendFileSync(join(inc, 'audit.jsonl'), '{}\n');
    const one = await managed(desk, ['verify', 'inc']);
    expect(one).toMatchObject({ status: 13, stdout: '' });
    expect(one.stderr).toMatch(
      /^⚠️ {2}audit\.jsonl: it has \d+ bytes, not \d+\nError: inc: 1 thing does not hold\.\n$/,
    );
    writeFileSync(join(inc, 'new\u001b[2J'), '');
    const two = await managed(desk, ['verify', 'inc']);
    expect(two.stderr).toContain('inc: 2 things do not hold.');
    expect(two.stderr).not.toContain('\u001b');
    const records = recordsOf((await managed(desk, ['verify', 'inc', '--json'])).stdout);
    expect(records[0]).toMatchObject({ type: 'bundle', kind: 'incident', key, files: 1 });
    expect(records.at(-1)).toMatchObject({ type: 'error', code: 'NOT_VERIFIED', exitStatus: 13 });
  });

  test('only keys that are trusted count, where any are named', async () => {
    const { desk, key } = await signed();
    const other = newSigningKey().publicKey;
    writeFileSync(join(desk, 'keys.json'), JSON.stringify([key, other]));
    expect((await managed(desk, ['verify', 'inc', '--trusted-keys', 'keys.json'])).status).toBe(0);
    expect(await failureOf(desk, ['verify', 'inc', '--trusted-key', other])).toMatchObject({
      code: 'UNTRUSTED_KEY',
      exitStatus: 12,
    });
    appendFileSync(join(desk, 'inc/audit.jsonl'), '{}\n');
    expect(await failureOf(desk, ['verify', 'inc', '--trusted-key', other])).toMatchObject({
      code: 'NOT_VERIFIED',
    });
  });

  test('nobody signed it: that proves nothing, unless somebody says that it may be so', async () => {
    const desk = newDesk();
    await managed(desk, INCIDENT);
    expect(await failureOf(desk, ['verify', 'inc'])).toMatchObject({ code: 'NOT_VERIFIED', exitStatus: 13 });
    expect(await managed(desk, ['verify', '--allow-unsigned', 'inc'])).toMatchObject({
      status: 0,
      stdout: 'OK: incident, 1 file\n',
      stderr: '⚠️  nobody signed it\n',
    });
    const { publicKey } = newSigningKey();
    expect(
      await failureOf(desk, ['verify', '--allow-unsigned', 'inc', '--trusted-key', publicKey]),
    ).toMatchObject({
      code: 'NOT_VERIFIED',
    });
  });

  test('a seal that is false, a record that names what it must not, and no folder', async () => {
    const { desk, inc } = await signed();
    const record = readFileSync(join(inc, 'incident.jsonl'), 'utf8');
    writeFileSync(join(inc, 'incident.jsonl'), record.replace('"events":12', '"events":11'));
    expect((await managed(desk, ['verify', 'inc'])).stderr).toBe(
      '⚠️  incident.jsonl: its signature is false\nError: inc: 1 thing does not hold.\n',
    );
    const files = [{ name: '../na.db', bytes: 1, sha256: '0'.repeat(64) }];
    const payload = JSON.stringify({ type: 'mesh-backup incident', version: 1, files });
    writeFileSync(join(inc, 'incident.jsonl'), sealRecord('incident', payload, newSigningKey()));
    expect((await managed(desk, ['verify', 'inc'])).stderr).toContain(
      'it is no record of a version that we know',
    );
    expect(await failureOf(desk, ['verify', 'nowhere'])).toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(hashOf(join(desk, 'na.db'))).toBe(hashOf(join(newDesk(), 'na.db')));
  });
});
