import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { ALICE, BOB, startAlice } from '../restore/restoring.ts';

import { run, start, whenFinished, whenSaid, type Finished } from './spawn.ts';
import { Sink } from './streams.ts';

const SCRIPT = 'bin/restore-events.js';
const EVENTS = makeHistory({ naras: 1, eventsPerNara: 300, pageSize: 50 }).ledgers[0]!.filter(
  ({ svc }) => svc === 'seen' || svc === 'social',
);
const BACKUP = textOf(EVENTS);

function textOf(events: readonly SandboxEvent[]): string {
  return events.map(({ line }) => `${line}\n`).join('');
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

interface Job {
  readonly nara: Pick<SandboxNara, 'url'>;
  readonly args?: readonly string[];
  readonly stdin?: string;
  readonly cwd?: string;
  readonly soul?: string;
}

async function restore({ nara, args = [], stdin = BACKUP, cwd, soul = ALICE.soul }: Job): Promise<Finished> {
  const folder = cwd ?? (await makeFolder());
  return run(SCRIPT, ['-nara-url', nara.url, ...args], { stdin, cwd: folder, env: { NARA_SOUL: soul } });
}

function ids(nara: SandboxNara): string[] {
  return nara.ledger.map(({ id }) => id).sort();
}

const ALL = EVENTS.map(({ id }) => id).sort();

describe('when all is well', () => {
  test('says what the original said, and no more where nobody looks', async () => {
    const nara = await startAlice();
    const finished = await restore({ nara });
    expect(finished).toMatchObject({ status: 0, stdout: '' });
    expect(finished.stderr).toBe(
      `✅ Successfully imported events to ${nara.url}\n   Imported: ${EVENTS.length} events\n   Duplicates: 0 events\n`,
    );
    expect(ids(nara)).toEqual(ALL);
    expect((await restore({ nara })).stderr).toContain(
      `   Imported: 0 events\n   Duplicates: ${EVENTS.length} events\n`,
    );
  });

  test("with -verbose the original's lines for those who grep", async () => {
    const nara = await startAlice();
    const { stderr } = await restore({ nara, args: ['-verbose', '--batch-size', '50'] });
    expect(stderr).toContain(`📦 Read ${EVENTS.length} events`);
    expect(stderr).toContain(`📤 Sending batch 1/${Math.ceil(EVENTS.length / 50)} (50 events)...`);
    expect(stderr).toContain(`✅ All batches complete: ${EVENTS.length} total imported, 0 total duplicates`);
  });

  test('files, plain and gzip, in any order and with copies, and stdin among them', async () => {
    const folder = await makeFolder();
    const third = Math.floor(EVENTS.length / 3);
    await writeFile(join(folder, 'a.jsonl'), textOf(EVENTS.slice(third).toReversed()));
    await writeFile(join(folder, 'b'), gzipSync(textOf(EVENTS.slice(0, 2 * third))));
    const nara = await startAlice();
    const args = ['a.jsonl', '-', 'b', '--json'];
    const { status, stdout } = await restore({
      nara,
      args,
      cwd: folder,
      stdin: textOf(EVENTS.slice(0, third)),
    });
    expect(status).toBe(0);
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { duplicates: number };
    expect(summary).toMatchObject({ type: 'summary', exitStatus: 0 });
    expect(summary.duplicates).toBe(EVENTS.length - third + 2 * third + third - EVENTS.length);
    expect(ids(nara)).toEqual(ALL);
  });

  test('stdin that is a file is read from where it stands', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'backup.jsonl');
    await writeFile(path, BACKUP);
    const nara = await startAlice();
    const shell = (command: string): Promise<Finished> => {
      const args = ['-c', command, 'sh', process.execPath, join(process.cwd(), SCRIPT), nara.url, path];
      return whenFinished(
        spawn('sh', args, { cwd: folder, env: { PATH: process.env['PATH'], NARA_SOUL: ALICE.soul } }),
      );
    };
    // Of two lines at once the shell takes one, byte by byte.
    const second = await shell('{ read first; "$1" "$2" -nara-url "$3"; } < "$4"');
    expect(second.status).toBe(0);
    expect(ids(nara).length).toBe(EVENTS.length - 1);
    expect((await shell('"$1" "$2" -nara-url "$3" < "$4"')).status).toBe(0);
    expect(ids(nara)).toEqual(ALL);
  });

  test('what the target holds is saved in this folder, under the first characters of its key', async () => {
    const folder = await makeFolder();
    const nara = await startAlice({ events: EVENTS.slice(0, 5) });
    await restore({ nara, cwd: folder });
    const [saved, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    const key = ALICE.publicKey.slice(0, 8).replaceAll('+', '-').replaceAll('/', '_');
    expect(saved).toMatch(/^pre-restore-.{8}-\d{8}T\d{6}Z\.jsonl\.gz$/);
    expect(saved).toContain(key);
    await restore({ nara: await startAlice(), args: ['--no-pre-restore'], cwd: folder });
    expect(await readdir(folder)).toEqual([saved]);
  });

  test('both other names of the program, and every way to write the flags', async () => {
    const nara = await startAlice();
    const folder = await makeFolder();
    const settings = { stdin: BACKUP, cwd: folder };
    const flags = [`--nara-url=${nara.url}/`, '-soul', ALICE.soul, '-timeout=1m', '-verbose=false'];
    expect((await run('bin/mesh-backup.js', ['restore-events', ...flags], settings)).status).toBe(0);
    expect((await run('bin/nara-backup.js', ['restore-events', ...flags], settings)).status).toBe(0);
  });

  test('a dry run says what would go, and changes nothing', async () => {
    const nara = await startAlice();
    const folder = await makeFolder();
    const { status, stderr } = await restore({
      nara,
      args: ['--dry-run', '--rejects', 'rejects'],
      cwd: folder,
    });
    expect(status).toBe(0);
    expect(stderr).toContain(`0 not sent + ${EVENTS.length} would be sent`);
    expect(stderr).toContain('By service:');
    expect(stderr).toContain('Nothing was changed.');
    expect(stderr).not.toContain('✅');
    expect(nara.ledger).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('selects by service, nara, time and number', async () => {
    const nara = await startAlice();
    const chosen = EVENTS.filter(({ svc }) => svc === 'seen').slice(0, 7);
    expect((await restore({ nara, args: ['--svc', 'seen', '--limit', '7'] })).status).toBe(0);
    expect(ids(nara)).toEqual(chosen.map(({ id }) => id).sort());
    const none = await restore({ nara, args: ['--nara', 'nobody'] });
    expect(none).toMatchObject({ status: 3 });
    expect(none.stderr).toContain('Nothing to restore');
    expect((await restore({ nara, args: ['--until', '2001-01-01T00:00:00Z'] })).status).toBe(3);
  });
});

describe('what stands in the backup', () => {
  const [first, second, third] = EVENTS as [SandboxEvent, SandboxEvent, SandboxEvent];
  const ODD = `\ufeff${first.line}\r\n\n  ${second.line} \t\n   \r\nno JSON\n{"id":"cut off`;

  test('BOM, CRLF, blanks, blank and broken lines are no stop, and broken ones are named', async () => {
    const nara = await startAlice();
    const { status, stderr } = await restore({ nara, stdin: `${ODD}\n${third.line}` });
    expect(status).toBe(0);
    expect(stderr).toContain('⚠️  stdin, line 5: no JSON\n');
    expect(stderr).toContain('⚠️  stdin, line 6: no JSON\n');
    expect(ids(nara)).toEqual([first, second, third].map(({ id }) => id).sort());
  });

  test('a torn last line is said to be torn; with --strict it is a failure before anything is sent', async () => {
    const nara = await startAlice();
    const strict = await restore({ nara, stdin: ODD.replace('no JSON\n', ''), args: ['--strict'] });
    expect(strict.status).toBe(13);
    expect(strict.stderr).toContain('stdin, line 5: torn');
    expect(nara.ledger).toEqual([]);
    expect((await restore({ nara, stdin: ODD })).stderr).toContain('stdin, line 6: torn');
  });

  test('a line of more than 16 MiB is named, and nothing else is lost', async () => {
    const nara = await startAlice();
    const long = `{"x":"${'x'.repeat(17 * 1024 * 1024)}"}`;
    const { status, stderr } = await restore({ nara, stdin: `${first.line}\n${long}\n${second.line}\n` });
    expect(status).toBe(3);
    expect(stderr).toContain('stdin, line 2: too long');
    expect(nara.ledger.length).toBe(2);
  });

  test('nothing is nothing to restore', async () => {
    const nara = await startAlice();
    const finished = await restore({ nara, stdin: '' });
    expect(finished.status).toBe(3);
    expect(finished.stderr).toContain('Nothing to restore: there is no event in what was given.');
  });

  test('a cut gzip file gives what it has, and is no success', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'cut.gz'), gzipSync(BACKUP).subarray(0, -9));
    const nara = await startAlice();
    const { status, stderr } = await restore({ nara, args: ['cut.gz'], cwd: folder });
    expect(status).toBe(3);
    expect(stderr).toContain('⚠️  Not read whole: cut.gz: the gzip stream is cut off');
    expect(stderr).toContain('Error: Not all of the backup could be read');
    expect(nara.ledger.length).toBeGreaterThan(EVENTS.length / 2);
    const strict = await restore({ nara: await startAlice(), args: ['cut.gz', '--strict'], cwd: folder });
    expect(strict.status).toBe(13);
  });

  test('a named pipe; one that nobody writes to is given up with the first SIGINT', async () => {
    const folder = await makeFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const nara = await startAlice();
    const restoring = restore({ nara, args: [pipe], cwd: folder });
    await writeFile(pipe, BACKUP);
    expect((await restoring).status).toBe(0);
    expect(ids(nara)).toEqual(ALL);
    const env = { NARA_SOUL: ALICE.soul };
    const waiting = start(SCRIPT, ['-nara-url', nara.url, '--blind', pipe], { cwd: folder, env });
    const finished = whenFinished(waiting);
    await whenSaid(waiting, '--blind');
    waiting.kill('SIGINT');
    expect((await finished).status).toBe(130);
  });
});

describe('what is wrong on the command line', () => {
  const URL = 'http://127.0.0.1:1';
  test.each([
    { args: [], says: 'Restore into which nara? Name it with -nara-url.' },
    { args: ['-nara-url', 'localhost:8080'], says: 'http://localhost:8080' },
    { args: ['-nara-url', 'http://me:secret@host'], says: 'credentials' },
    { args: ['-nara-url', URL, '--soul-file', '-'], says: 'stdin is the data here' },
    { args: ['-nara-url', URL, '-', '-'], says: 'stdin (-) can be read only once' },
    { args: ['-nara-url', URL, '--confirm-after', '6m', '--no-confirm'], says: 'contradict' },
    { args: ['-nara-url', URL, '--settle', 'later'], says: 'settle' },
    { args: ['-nara-url', URL, '--batch-size', '0'], says: 'no whole number' },
    { args: ['-nara-url', URL, '--since', '2d', '--until', '3d'], says: '--since is not before --until' },
  ])('$args', async ({ args, says }) => {
    const env = args.includes('--soul-file') ? {} : { NARA_SOUL: ALICE.soul };
    const { status, stderr } = await run(SCRIPT, args, { env });
    expect(status).toBe(2);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('secret');
  });

  test('a file that is not there, and a keys file that is none', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'keys'), 'bob no-key\n');
    const nara = await startAlice();
    const missing = await restore({ nara, args: ['nowhere.jsonl'], cwd: folder });
    expect(missing).toMatchObject({ status: 16 });
    expect(missing.stderr).toContain('nowhere.jsonl');
    const keys = await restore({ nara, args: ['--keys', 'keys'], cwd: folder });
    expect(keys.status).toBe(2);
    expect(keys.stderr).toContain('Line 1 of the keys file');
  });

  test('a rejects file that is the backup', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'backup'), BACKUP);
    const nara = await startAlice();
    expect((await restore({ nara, args: ['backup', '--rejects', 'backup'], cwd: folder })).status).toBe(2);
    expect(await readFile(join(folder, 'backup'), 'utf8')).toBe(BACKUP);
  });

  test('plain http to an address that is not near', async () => {
    const { status, stderr } = await restore({ nara: { url: 'http://192.0.2.1' } });
    expect(status).toBe(2);
    expect(stderr).toContain('--insecure-http');
  });
});

describe('trouble with the target', () => {
  test('nobody there: 14', async () => {
    expect((await restore({ nara: { url: 'http://127.0.0.1:1' } })).status).toBe(14);
  });

  test('a wrong soul: 12, in the words of the page, and never the soul', async () => {
    const nara = await startAlice();
    const { status, stderr } = await restore({ nara, soul: BOB.soul });
    expect(status).toBe(12);
    expect(stderr).toContain('Authentication failed: soul does not match');
    expect(stderr).not.toContain(BOB.soul);
    expect(nara.ledger).toEqual([]);
  });

  test('a clock that is off: 15, whose and by how much; --clock-fix takes it', async () => {
    const nara = await startAlice({ faults: [parseFault('skew:400')] });
    const off = await restore({ nara });
    expect(off.status).toBe(15);
    expect(off.stderr).toMatch(/Timestamp too old or in future: its clock is (399|400|401) s ahead of ours/);
    const localhost = { url: nara.url.replace('127.0.0.1', 'localhost') };
    const fixed = await restore({ nara: localhost, args: ['--clock-fix'] });
    expect(fixed.status).toBe(0);
    expect(fixed.stderr).toContain("Signing with the target's time");
    expect(ids(nara)).toEqual(ALL);
  });

  test('what is no nara: 14', async () => {
    const nara = await startAlice({ faults: [parseFault('html')] });
    const { status, stderr } = await restore({ nara });
    expect(status).toBe(14);
    expect(stderr).toContain('no nara that takes imports');
  });

  test('a young target is waited for, and says how to go on at once', async () => {
    const nara = await startAlice({ faults: [parseFault('young:357')] });
    const { status, stderr } = await restore({ nara });
    expect(status).toBe(0);
    expect(stderr).toMatch(/waiting [123]s \(--settle no goes on at once\)/);
    expect(ids(nara)).toEqual(ALL);
  });

  test('a target whose ledger cannot be read is sent nothing, unless --blind', async () => {
    const nara = await startAlice({ faults: [parseFault('no-sync')] });
    const careful = await restore({ nara });
    expect(careful.status).toBe(1);
    expect(careful.stderr).toContain('--blind');
    expect(nara.ledger).toEqual([]);
    const blind = await restore({ nara, args: ['--blind'] });
    expect(blind.status).toBe(3);
    expect(blind.stderr).toContain('what arrived could not be read back');
    expect(ids(nara)).toEqual(ALL);
    expect((await restore({ nara, args: ['--blind', '--no-confirm'] })).status).toBe(0);
  });

  test('what the target cannot take is kept in --rejects, and named', async () => {
    const folder = await makeFolder();
    const nara = await startAlice({ faults: [parseFault('body-limit:3000')] });
    const large = makeEvent({
      tsNs: 1_769_000_000_000_000_000n,
      svc: 'social',
      payload: { type: 'tease', actor: 'bob', target: 'carol', reason: 'x'.repeat(4000) },
    });
    const args = ['--rejects', 'rejects'];
    const { status, stderr } = await restore({ nara, args, cwd: folder, stdin: BACKUP + textOf([large]) });
    expect(status).toBe(3);
    expect(stderr).toContain(`⚠️  Rejected: ${large.id}`);
    expect(ids(nara)).toEqual(ALL);
    const record = JSON.parse(await readFile(join(folder, 'rejects'), 'utf8')) as {
      id: string;
      bytes: string;
    };
    expect(record.id).toBe(large.id);
    expect(Buffer.from(record.bytes, 'base64').toString()).toBe(large.line);
  });
});

test('SIGINT waits for the batch under way; the same command again goes on', async () => {
  const folder = await makeFolder();
  const path = join(folder, 'backup');
  await writeFile(path, BACKUP);
  const nara = await startAlice({ faults: [parseFault('slow-import:3')] });
  const args = ['-nara-url', nara.url, '-verbose', '--batch-size', '50', path];
  const child = start(SCRIPT, args, { cwd: folder, env: { NARA_SOUL: ALICE.soul } });
  const finished = whenFinished(child);
  await whenSaid(child, 'Sending batch 1/');
  child.kill('SIGINT');
  const { status, stderr } = await finished;
  expect(status).toBe(130);
  expect(stderr).toMatch(/50 of \d+ events were sent/);
  expect(nara.ledger.length).toBe(50);
  const again = await restore({ nara, args: ['backup'], cwd: folder });
  expect(again.status).toBe(0);
  expect(ids(nara)).toEqual(ALL);
});

test('on a terminal without a backup the help is shown, and nothing is waited for', async () => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new Sink({ columns: 80, rows: 24 });
  const settings = { forcedCommand: 'restore-events', stdin, stdout: new Sink(), stderr, env: {} };
  expect(await main(['-nara-url', 'http://127.0.0.1:1'], settings)).toBe(2);
  expect(stderr.text).toContain('Usage: restore-events');
});

test.each([
  { stdin: 'says nothing', said: '', when: '⚠️  --blind' },
  { stdin: 'says something, then nothing', said: BACKUP.slice(0, 700), when: 'The target is alice' },
])('SIGINT ends a restore whose stdin $stdin', async ({ said, when }) => {
  const nara = await startAlice();
  const args = ['-nara-url', nara.url, '-verbose', '--blind'];
  const child = start(SCRIPT, args, { env: { NARA_SOUL: ALICE.soul } });
  const finished = whenFinished(child);
  child.stdin.write(said);
  await whenSaid(child, when);
  child.kill('SIGINT');
  expect((await finished).status).toBe(130);
  expect(nara.ledger).toEqual([]);
});
