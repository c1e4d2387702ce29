import { spawn } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { run, start, whenFinished, type Finished } from './spawn.ts';

const SCRIPT = 'bin/mesh-backup.js';
const LINES = makeHistory({ naras: 1, eventsPerNara: 300, pageSize: 50 }).ledgers[0]!.map(({ line }) => line);
const BACKUP = textOf(LINES);
const PINGS = textOf(LINES.filter((line) => line.includes('"svc":"ping"')));
const MISFIT = LINES[0]!.replace(/"ts":\d+/, '"ts":7');

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function write(content: string | Buffer): Promise<string> {
  const path = join(await makeFolder(), 'backup');
  await writeFile(path, content);
  return path;
}

async function select(args: readonly string[], stdin = ''): Promise<Finished> {
  return run(SCRIPT, ['select', ...args], { stdin });
}

describe('mesh-backup select', () => {
  test('is a filter for pipes: bytes untouched, nothing said', async () => {
    expect(await select(['--svc', 'ping'], BACKUP)).toMatchObject({ status: 0, stdout: PINGS, stderr: '' });
    expect(await select([], '')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const crlf = ` ${LINES[0]!}\t\r\n${LINES[1]!}`;
    expect((await select([], crlf)).stdout).toBe(`${crlf}\n`);
    expect((await select([], `\ufeff${crlf}\n`)).stdout).toBe(`${crlf}\n`);
  });

  test('reads files and stdin, plain and gzip, one after another', async () => {
    const [a, b] = [await write(BACKUP), await write(gzipSync(BACKUP))];
    expect((await select([a, '-', b, '--svc=ping'], BACKUP)).stdout).toBe(PINGS.repeat(3));
  });

  test('--id, --nara, --since and --until', async () => {
    const events = LINES.map((line) => JSON.parse(line) as { id: string });
    const ids = [events[3]!.id, events[9]!.id, events[5]!.id];
    const { stdout } = await select(['--id', `${ids[0]!},${ids[1]!}`, '--id', ids[2]!], BACKUP);
    expect(stdout).toBe(textOf([LINES[3]!, LINES[5]!, LINES[9]!]));
    const { stdout: ofAlice } = await select(['--nara', 'alice'], BACKUP);
    expect(ofAlice).toBe(textOf(LINES.filter((line) => line.includes('"alice"'))));
    const before = await select(['--until', '2026-01-15T00:00:00Z'], BACKUP);
    const after = await select(['--since', '2026-01-15T00:00:00Z'], BACKUP);
    expect(before.stdout + after.stdout).toBe(BACKUP);
    expect(before.stdout).not.toBe('');
    expect(after.stdout).not.toBe('');
  });

  test('misfits and hostile events are left out and told, unless they are asked for', async () => {
    const hostile = LINES[1]!.replace('{', '{"ID":"12345678",');
    const input = textOf([MISFIT, LINES[2]!, hostile]);
    const quiet = await select([], input);
    expect(quiet).toMatchObject({ status: 0, stdout: textOf([LINES[2]!]) });
    expect(quiet.stderr).toContain('left out: 1 misfit:');
    expect(quiet.stderr).toContain('left out: hostile, readers disagree: 1 folded-key');
    expect(await select(['-q'], input)).toEqual({ ...quiet, stderr: '' });
    expect(await select(['--proof', 'none'], input)).toMatchObject({ stdout: input, stderr: '' });
    const bad = await select(['--proof', 'id', '--invert'], input);
    expect(bad).toMatchObject({ stdout: textOf([MISFIT, hostile]), stderr: '' });
    expect((await select(['--svc', 'none', '--invert'], input)).stdout).toBe(textOf([LINES[2]!]));
  });

  test('--proof signed knows keys that come later, from files and stdin alike, and pinned ones', async () => {
    const greeting = LINES.findIndex((line) => line.includes('"hey_there"'));
    const emitter = /"emitter":"([^"]+)"/.exec(LINES[greeting]!)![1]!;
    const signed = LINES.filter((line) => line.includes(`"emitter":"${emitter}"`));
    const others = signed.filter((line) => !line.includes('"hey_there"') && !line.includes('"chau"'));
    expect(others.length).toBeGreaterThan(0);
    const input = textOf([...others, LINES[greeting]!]);
    const forged = others[0]!.replace(/"sig":"[^"]{9}/, '"sig":"AAAAAAAAA');
    for (const given of [
      [[], `${input}${forged}\n`],
      [[await write(input)], ''],
    ] as const) {
      expect(await select(['--proof', 'signed', ...given[0]], given[1])).toMatchObject({
        status: 0,
        stdout: input,
      });
    }
    expect((await select(['--proof', 'signed'], textOf(others))).stdout).toBe('');
    const stranger = makeIdentity(emitter, new Prng('stranger'));
    const claim = { From: emitter, PublicKey: stranger.publicKey, MeshIP: '', ID: '', Signature: '' };
    const liar = makeEvent({ tsNs: 1n, svc: 'hey-there', payload: claim, signer: stranger }).line;
    expect((await select(['--proof', 'signed'], `${liar}\n${input}`)).stdout).toBe('');
    const hostileLiar = liar.replace('{', '{"svc":"x",');
    expect((await select(['--proof', 'signed'], `${hostileLiar}\n${input}`)).stdout).toBe(input);
    const [, publicKey] = /"PublicKey":"([^"]+)"/.exec(LINES[greeting]!)!;
    const trueKeys = await write(`${emitter} ${publicKey!}\n`);
    const vouched = await select(['--proof', 'signed', '--keys', trueKeys], `${liar}\n${input}`);
    expect(vouched.stdout).toBe(input);
    const keys = await write(`${emitter} ${stranger.publicKey}\n`);
    expect((await select(['--proof', 'signed', '--keys', keys], input)).stdout).toBe('');
  });

  test('--limit reads no further, and ends who writes to it', async () => {
    const child = start(SCRIPT, ['select', '--limit', '3']);
    child.stdin.on('error', () => undefined);
    child.stdin.write(BACKUP);
    expect(await whenFinished(child)).toMatchObject({
      status: 0,
      stdout: textOf(LINES.slice(0, 3)),
      stderr: '',
    });
  });

  test('--sample takes so many, the same again with --seed, which -verbose tells', async () => {
    const { stdout, stderr } = await select(['--sample', '10', '-verbose'], BACKUP);
    expect(stdout.split('\n')).toHaveLength(11);
    const [, seed] = /--seed (\w+)/.exec(stderr)!;
    expect((await select(['--sample', '10', '--seed', seed!], BACKUP)).stdout).toBe(stdout);
    expect((await select(['--sample', '10', '--seed', 'another'], BACKUP)).stdout).not.toBe(stdout);
  });

  test('--gzip', async () => {
    const out = await makeFolder().then((folder) => join(folder, 'out.gz'));
    const args = [
      '-c',
      `"$@" > ${out}`,
      '_',
      process.execPath,
      SCRIPT,
      'select',
      '--gzip',
      await write(BACKUP),
    ];
    expect(await run('bash', args, { isScript: false, cwd: process.cwd() })).toMatchObject({ status: 0 });
    expect(gunzipSync(await readFile(out)).toString()).toBe(BACKUP);
  });

  test('lines that hold no event are told, and with --strict a failure', async () => {
    const input = `no event\n\n${BACKUP}{"id":`;
    const told = await select([], input);
    expect(told).toMatchObject({ status: 0, stdout: BACKUP });
    expect(told.stderr).toBe('⚠️  left out: 2 lines hold no event: 1 no JSON, 1 torn\n');
    const strict = await select(['--strict'], input);
    expect(strict).toMatchObject({ status: 13, stdout: BACKUP });
    expect((await select(['--strict'], BACKUP)).status).toBe(0);
  });

  test('with --json records on stderr, the summary last', async () => {
    const { stdout, stderr, status } = await select(['--json', '--svc', 'ping'], `${MISFIT}\n${BACKUP}`);
    expect([status, stdout]).toEqual([0, PINGS]);
    const summary = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as object;
    const written = PINGS.split('\n').length - 1;
    expect(summary).toMatchObject({
      type: 'summary',
      exitStatus: 0,
      input: { events: 301, misfits: 1 },
      selected: written,
      notSelected: 300 - written,
      leftOut: 1,
      written,
      bytesWritten: Buffer.byteLength(PINGS),
      isCutShort: false,
    });
  });

  test.each([
    ['a gzip that is cut', gzipSync(BACKUP).subarray(0, 3000), 3],
    ['UTF-16', Buffer.from(BACKUP, 'utf16le'), 3],
    ['bytes', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256)), 3],
    ['a line of 17 MiB', `"${'x'.repeat(17 * 1024 * 1024)}"\n${LINES[0]!}\n`, 3],
    ['gzip members', Buffer.concat([gzipSync(BACKUP), gzipSync(BACKUP)]), 0],
  ])('%s', async (_, content, status) => {
    const path = await write(content);
    for (const proof of ['id', 'signed']) {
      const finished = await select(['--proof', proof, path]);
      expect(finished.status).toBe(status);
      expect(finished.stderr).not.toMatch(/^\s+at /m);
      expect(finished.stderr === '').toBe(status === 0);
    }
  });

  test('a line as long as an event may be goes through', async () => {
    const long = makeEvent({
      tsNs: 1n,
      svc: 'social',
      payload: { type: 'tease', actor: 'a', target: 'b', reason: 'x'.repeat(15 * 1024 * 1024) },
    }).line;
    const path = await write(`${LINES[0]!}\n${long}\n${LINES[1]!}`);
    const { status, stdout } = await select([path, '--sample', '3']);
    expect(status).toBe(0);
    expect(stdout === `${LINES[0]!}\n${long}\n${LINES[1]!}\n`).toBe(true);
  });

  test.each([
    [['--limit', '1', '--sample', '1'], 'contradict'],
    [['--seed', 'a'], '--seed is for --sample'],
    [['--keys', 'f'], '--keys is for --proof signed'],
    [['--invert'], 'turn around'],
    [['--id', ','], 'names no event'],
    [['--sample', '1000001'], 'no whole number'],
    [['--proof', 'what'], 'Allowed choices'],
  ])('%j makes no sense', async (args, message) => {
    const { status, stderr, stdout } = await select(args, BACKUP);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('a folder, a file that is not there', async () => {
    expect((await select([tmpdir()])).status).toBe(16);
    expect((await select(['/not/there'])).status).toBe(16);
  });

  test('never writes into what it reads', async () => {
    const path = await write(BACKUP);
    const args = ['-c', `"$@" ${path} >> ${path}`, '_', process.execPath, SCRIPT, 'select'];
    const finished = await run('bash', args, { isScript: false, cwd: process.cwd() });
    expect(finished.status).toBe(2);
    expect(await readFile(path, 'utf8')).toBe(BACKUP);
  });

  test('ends quietly when nobody reads any more', async () => {
    const path = await write('');
    for (let times = 0; times < 100; times++) await appendFile(path, BACKUP);
    const child = spawn(process.execPath, [SCRIPT, 'select', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.stdout.destroy());
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect([status, said]).toEqual([141, '']);
  });

  test('a signal ends it while it waits for stdin', async () => {
    const child = start(SCRIPT, ['select']);
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${LINES[0]!}\n`);
    const finished = whenFinished(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ status: 130 });
  });
});
