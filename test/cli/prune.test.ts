import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS, loadCommands } from '../../src/cli/commands.ts';
import { main } from '../../src/cli/main.ts';
import { FileLock } from '../../src/jsonl/file-lock.ts';
import { ALICE, BOB } from '../archive/verifying.ts';
import { backupOf, makeFolder, namesIn, receiptOf } from '../keeping/backups.ts';
import { NOBODY } from '../managed/authority.ts';
import { readVector } from '../snapshot/vectors.ts';
import { run, type Finished } from './spawn.ts';
import { Sink } from './streams.ts';

const JANUARY = [17, 18, 19, 20];
const ofDay = (day: number): string => backupOf(`2026-01-${day}T03:00:00Z`);
/** Each holds what those before it hold. */
const DAYS = Object.fromEntries(
  JANUARY.map((day, at) => [
    `${day}.jsonl`,
    JANUARY.slice(0, at + 1)
      .map(ofDay)
      .join(''),
  ]),
);

function prune(cwd: string, ...args: string[]): Promise<Finished> {
  return run('bin/mesh-backup.js', ['prune', ...args], { cwd });
}

function recordsOf({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
}

test('a table of what is kept and why; --dry-run changes nothing, and then it is done', async () => {
  const signed = DAYS['20.jsonl']!;
  const folder = await makeFolder({
    ...DAYS,
    'a.jsonl': signed,
    'a.jsonl.receipt': receiptOf(signed, '2026-01-20T04:00:00Z'),
    's.tar.gz': readVector('offline-signed.tar.gz'),
    'notes.txt': 'milk',
  });
  const before = await namesIn(folder);
  const table = [
    'FILE      KIND      TIME (UTC)        BY            WHAT    WHY',
    'a.jsonl   events    2026-01-20 04:00  signed        keep    last 1, weekly 2026-W04',
    '20.jsonl  events    2026-01-20 03:00  newest event  keep    last 1, weekly 2026-W04',
    '19.jsonl  events    2026-01-19 03:00  newest event  remove  –',
    '18.jsonl  events    2026-01-18 03:00  newest event  keep    weekly 2026-W03',
    '17.jsonl  events    2026-01-17 03:00  newest event  remove  –',
    's.tar.gz  snapshot  2026-11-21 00:15  signed        keep    last 1, weekly 2026-W47',
  ];
  const flags = ['--keep-last', '1', '--keep-weekly', '2'];
  const rehearsed = await prune(folder, '.', ...flags, '--dry-run');
  expect(rehearsed).toMatchObject({ status: 0, stderr: '' });
  expect(rehearsed.stdout.split('\n')).toEqual([
    ...table,
    expect.stringMatching(/^Would keep 4 and remove 2 \(.*B\), 2 other names left alone$/),
    '',
  ]);
  expect(await namesIn(folder)).toEqual(before);
  const { status, stdout, stderr } = await prune(folder, '.', ...flags);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n').slice(0, -2)).toEqual(table);
  expect(stdout).toMatch(/\nKept 4, removed 2 \(.*B\), 2 other names left alone\n$/);
  expect(await namesIn(folder)).toEqual(before.filter((name) => name !== '17.jsonl' && name !== '19.jsonl'));
});

test('with --json a record for each file, what was removed, and the summary last', async () => {
  const folder = await makeFolder({ ...DAYS, '17.jsonl.quarantine': '{}\n' });
  const finished = await prune(folder, '.', '--keep-last', '2', '--json');
  const records = recordsOf(finished);
  expect(finished).toMatchObject({ status: 0, stderr: '' });
  expect(records.filter(({ type }) => type === 'removed')).toEqual([
    { type: 'removed', file: '17.jsonl' },
    { type: 'removed', file: '18.jsonl' },
  ]);
  expect(records[3]).toMatchObject({
    type: 'file',
    file: '17.jsonl',
    kind: 'events',
    series: 'without a receipt',
    time: '2026-01-17T03:00:00.000Z',
    timeBy: 'event',
    standing: 'counts',
    action: 'remove',
    leaves: ['17.jsonl.quarantine'],
  });
  expect(records.at(-1)).toMatchObject({
    type: 'summary',
    exitStatus: 0,
    dryRun: false,
    keep: 2,
    remove: 2,
    removed: ['17.jsonl', '18.jsonl'],
    stayed: [],
  });
});

test('events that no kept backup has keep theirs; --forget-events lets it go', async () => {
  const folder = await makeFolder({
    ...DAYS,
    '18.jsonl': `${DAYS['18.jsonl']!}${backupOf('2026-01-18T02:00:00Z')}`,
  });
  const careful = await prune(folder, '.', '--keep-last', '1', '--json');
  expect(careful).toMatchObject({ status: 0, stderr: '' });
  expect(recordsOf(careful).find(({ file }) => file === '18.jsonl')).toMatchObject({
    action: 'keep',
    standing: 'counts',
    soleEvents: 2,
    reasons: ['holds 2 events that no kept backup has'],
  });
  expect(await namesIn(folder)).toEqual(['18.jsonl', '20.jsonl']);
  expect((await prune(folder, '.', '--keep-last', '1', '--forget-events')).status).toBe(0);
  expect(await namesIn(folder)).toEqual(['20.jsonl']);
});

describe('a policy', () => {
  test('that keeps nothing is refused: 2, and nothing is touched', async () => {
    const folder = await makeFolder(DAYS);
    for (const flags of [[], ['--keep-last', '0'], ['--keep-within', '0', '--keep-daily=0']]) {
      const { status, stdout, stderr } = await prune(folder, '.', ...flags);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain('The policy keeps nothing');
    }
    expect(await namesIn(folder)).toEqual(Object.keys(DAYS));
  });

  test('unlimited is all; what is no number is refused', async () => {
    const folder = await makeFolder(DAYS);
    for (const count of ['unlimited', '-1'])
      expect((await prune(folder, '.', '--keep-daily', count)).status).toBe(0);
    expect(await namesIn(folder)).toEqual(Object.keys(DAYS));
    for (const flag of ['--keep-last=x', '--keep-daily=-2', '--keep-weekly=', '--keep-within=30'])
      expect(await prune(folder, '.', flag)).toMatchObject({ status: 2, stdout: '' });
  });
});

test('what does not verify stays, and the status is 13; --include-bad removes it', async () => {
  const folder = await makeFolder({ ...DAYS, 'torn.jsonl': DAYS['20.jsonl']!.slice(0, -30) });
  const finished = await prune(folder, '.', '--keep-last', '1');
  expect(finished.status).toBe(13);
  expect(finished.stdout).toMatch(/^torn\.jsonl .* keep +does not verify: .*middle of a line/m);
  expect(finished.stderr).toContain('1 of the backups that stay do not verify');
  expect(await namesIn(folder)).toEqual(['20.jsonl', 'torn.jsonl']);
  expect(await prune(folder, '.', '--keep-last', '1', '--include-bad')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(await namesIn(folder)).toEqual(['20.jsonl']);
});

test('--keys and --trusted-keys say whose signatures count', async () => {
  const text = DAYS['20.jsonl']!;
  const folder = await makeFolder({
    'a.jsonl': text,
    'a.jsonl.receipt': receiptOf(text, '2026-01-20T04:00:00Z'),
    's.tar.gz': readVector('offline-signed.tar.gz'),
  });
  const lists = await makeFolder({
    'alice.txt': `alice ${ALICE.publicKey}\n`,
    'bob.txt': `bob ${BOB.publicKey}\n`,
    'none.json': '[]',
    'bad.json': '{}',
  });
  const flags = (...more: string[]): Promise<Finished> => prune(folder, '.', '--keep-last', '1', ...more);
  expect((await flags('--keys', join(lists, 'alice.txt'))).status).toBe(0);
  const byBob = await flags('--keys', join(lists, 'bob.txt'));
  expect(byBob.status).toBe(13);
  expect(byBob.stdout).toContain('not vouched for');
  const byNobody = await flags('--trusted-keys', join(lists, 'none.json'));
  expect(byNobody.status).toBe(13);
  expect(byNobody.stdout).toContain('not trusted');
  expect((await flags('--trusted-keys', join(lists, 'bad.json'))).status).toBe(2);
});

test('two of them do not work on one folder', async () => {
  const folder = await makeFolder(DAYS);
  const lock = await FileLock.take(join(folder, '.prune'));
  expect((await prune(folder, '.', '--keep-last', '1')).status).toBe(11);
  expect((await prune(folder, '.', '--keep-last', '1', '--dry-run')).status).toBe(0);
  await lock.release();
  expect(await namesIn(folder)).toEqual(Object.keys(DAYS));
});

test('a folder without backups is told: 3; one that is not there: 16', async () => {
  const folder = await makeFolder({ 'notes.txt': 'milk' });
  expect(await prune(folder, '.', '--keep-last', '1')).toMatchObject({
    status: 3,
    stdout: '',
    stderr: expect.stringContaining('holds no backup') as string,
  });
  for (const name of ['nowhere', 'notes.txt']) {
    const { status, stderr } = await prune(folder, name, '--keep-last', '1');
    expect(status).toBe(16);
    expect(stderr).not.toContain('.prune.lock');
  }
  expect((await prune(folder, '--keep-last', '1')).status).toBe(2);
  expect((await prune(folder, '.', '.', '--keep-last', '1')).status).toBe(2);
});

test('a name that would act on the terminal does not', async () => {
  const folder = await makeFolder({ '\u001b[31mred\n.jsonl': DAYS['20.jsonl']! });
  const { stdout } = await prune(folder, '.', '--keep-last', '1');
  expect(stdout).toContain(String.raw`\u{1b}[31mred\n.jsonl`);
});

test('one that may not be read stays: 3', async () => {
  const folder = await makeFolder(DAYS);
  await chmod(join(folder, '20.jsonl'), 0);
  await chmod(folder, 0o777);
  const [stdout, stderr] = [new Sink(), new Sink()];
  const interruption = { signal: new AbortController().signal, release: () => undefined };
  await loadCommands(COMMANDS, ['prune']);
  const isRoot = process.getuid?.() === 0;
  // Root may read everything.
  if (isRoot) process.seteuid!(NOBODY);
  const status = await main(['prune', folder, '--keep-last', '1'], {
    stdout,
    stderr,
    env: {},
    interruption,
  }).finally(() => {
    if (isRoot) process.seteuid!(0);
  });
  expect(status).toBe(3);
  expect(stdout.text).toContain('Cannot read');
  expect(await namesIn(folder)).toEqual(['19.jsonl', '20.jsonl']);
});

test('help fits 80 columns', async () => {
  const { stdout } = await run('bin/mesh-backup.js', ['help', 'prune']);
  for (const text of stdout.split('\n')) expect(text.length, text).toBeLessThanOrEqual(80);
});

test('a folder given as a link is the folder that it leads to', async () => {
  const folder = await makeFolder(DAYS);
  const elsewhere = await makeFolder();
  await symlink(folder, join(elsewhere, 'backups'));
  expect((await prune(elsewhere, 'backups', '--keep-last', '1')).status).toBe(0);
  expect(await namesIn(folder)).toEqual(['20.jsonl']);
});

test('somebody’s JSON and tar are none of ours, whatever the flags', async () => {
  const folder = await makeFolder({
    ...DAYS,
    'alice.stash': '{\n  "type": "stash"\n}\n',
    'other.tar.gz': readVector('no-manifest.tar.gz'),
    's.tar.gz': readVector('offline-signed.tar.gz'),
  });
  const flags = ['--keep-last', '1', '--include-bad', '-verbose'];
  const { status, stdout } = await prune(folder, '.', ...flags);
  expect(status).toBe(0);
  expect(stdout).toContain('left alone: alice.stash: no event whose ID fits is in it');
  expect(await namesIn(folder)).toEqual(['20.jsonl', 'alice.stash', 'other.tar.gz', 's.tar.gz']);
});
