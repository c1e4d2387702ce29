import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { sparkLine } from '../../src/cli/spark-line.ts';
import { widthOf } from '../../src/cli/text-width.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { run, type Finished } from './spawn.ts';
import { Sink } from './streams.ts';

const EVENTS = makeHistory({ naras: 1, eventsPerNara: 300, pageSize: 50 }).ledgers[0]!;
const BACKUP = EVENTS.map(({ line }) => `${line}\n`).join('');

async function write(content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'backup');
  await writeFile(path, content);
  return path;
}

async function stats(args: readonly string[], stdin = ''): Promise<Finished> {
  return run('bin/mesh-backup.js', ['stats', ...args], { stdin });
}

function recordsOf({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
}

describe('mesh-backup stats', () => {
  test('--json names services as verify does, and an int64 is told to its last digit', async () => {
    const payload = {
      observer: 'alice',
      subject: 'bob',
      type: 'restart',
      start_time: 2n ** 63n - 1n,
      restart_num: 1,
    };
    const { line } = makeEvent({ tsNs: 1n, svc: 'observation', payload });
    const records = recordsOf(await stats([await write(`${line}\n`), '--json']));
    expect(records).toContainEqual(expect.objectContaining({ type: 'service', svc: 'observation' }));
    expect(records).toContainEqual(
      expect.objectContaining({ type: 'restarts', lastStart: '9223372036854775807' }),
    );
  });

  test('tells what files and stdin hold, plain and gzip', async () => {
    const finished = await stats([await write(gzipSync(BACKUP)), '-'], BACKUP);
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    for (const part of ['Events:  600 in ', 'SERVICE', 'EMITTER', 'MONTH', 'OBSERVER', 'NARA', '2026-01'])
      expect(finished.stdout).toContain(part);
    expect(finished.stdout).toMatch(/^[▁▂▃▄▅▆▇█ ]+$/m);
    expect(finished.stdout).not.toContain('Not counted');
    expect(finished.stdout).toMatch(/^ {2}and \d+ others: \d+$/m);
  });

  test('with --json a record for each row, the summary last', async () => {
    const finished = await stats(['--json'], `${BACKUP}no event\n`);
    const records = recordsOf(finished);
    const rows = (type: string): number => records.filter((record) => record['type'] === type).length;
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    expect([rows('service'), rows('month')]).toEqual([7, 1]);
    expect(rows('emitter')).toBeGreaterThan(10);
    expect(rows('pair')).toBeGreaterThan(10);
    expect(records.find(({ type }) => type === 'pair')).toMatchObject({
      missing: 0,
      rttMedianMs: expect.any(Number) as number,
    });
    expect(records.find(({ type }) => type === 'restarts')).toMatchObject({ isExact: true });
    expect(records.at(-1)).toMatchObject({
      type: 'summary',
      exitStatus: 0,
      events: 300,
      firstTs: `${EVENTS[0]!.tsNs}`,
      lastTs: `${EVENTS.at(-1)!.tsNs}`,
      input: { events: 300, broken: { 'no JSON': 1 } },
      tables: { services: { rows: 7, names: 7, isExact: true, bound: 0, eventsOfOthers: 0 } },
    });
    const few = recordsOf(await stats(['--json', '--top', '2'], BACKUP));
    expect(few.filter(({ type }) => type === 'emitter')).toHaveLength(2);
  });

  test('an empty input is said, and is no failure', async () => {
    const finished = await stats([], '');
    expect(finished).toMatchObject({ status: 0, stderr: 'There is no event in what was given.\n' });
    expect(finished.stdout).toContain('stdin is empty');
    expect(recordsOf(await stats(['--json'])).at(-1)).toMatchObject({
      type: 'summary',
      events: 0,
      exitStatus: 0,
    });
  });

  test.each([
    ['a gzip that is cut', gzipSync(BACKUP).subarray(0, 3000), 3, 'the gzip stream is cut off'],
    ['UTF-16', Buffer.from(`\ufeff${BACKUP}`, 'utf16le'), 3, 'UTF-16'],
    ['a picture', Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 1]), 3, 'this is no backup'],
    ['another compression', Buffer.from([40, 181, 47, 253, 4, 10, 9]), 3, 'Other compression'],
  ])('%s ends with the status of it and no stack', async (_, content, status, message) => {
    const finished = await stats([await write(content)]);
    expect(finished.status).toBe(status);
    expect(finished.stderr).toContain(message);
    expect(finished.stderr).not.toMatch(/^\s+at /m);
    const json = await stats(['--json', await write(content)]);
    expect([json.status, json.stderr]).toEqual([status, '']);
    expect(recordsOf(json).slice(-1)).toMatchObject([{ type: 'summary', exitStatus: status }]);
    expect(recordsOf(json)[0]).toMatchObject({ type: 'error', exitStatus: status });
  });

  test('a folder, a file that is not there, stdin twice', async () => {
    expect((await stats([tmpdir()])).status).toBe(16);
    expect((await stats(['/not/there'])).status).toBe(16);
    expect((await stats(['-', '-'])).status).toBe(2);
  });

  test('nobody is asked to type a backup', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true }) as unknown as Readable;
    const stderr = new Sink();
    expect(await main(['stats'], { stdin, stdout: new Sink(), stderr, env: {} })).toBe(2);
    expect(stderr.text).toContain('Usage: mesh-backup stats');
  });

  test('what an event says acts on no terminal and widens no line past 80 columns', async () => {
    const names = ['\x1b[2J\n', '漢字'.repeat(40), 'b'.repeat(100), '\u202e'];
    const lines = names.flatMap((name, at) => [
      makeEvent({ tsNs: BigInt(at), svc: 'ping', payload: { observer: name, target: name, rtt: 1 } }).line,
      makeEvent({
        tsNs: BigInt(at),
        svc: 'observation',
        payload: { observer: name, subject: name, type: 'restart', restart_num: 1, start_time: 9e15 },
      }).line,
      makeEvent({ tsNs: BigInt(at), svc: name }).line,
    ]);
    const stdout = new Sink({ columns: 200, rows: 50 });
    const stdin = Readable.from([Buffer.from(lines.join('\n'))]);
    expect(await main(['stats'], { stdin, stdout, stderr: new Sink(), env: { NO_COLOR: '1' } })).toBe(0);
    expect(stdout.text).not.toMatch(/\x1b|\u202e/);
    expect(Math.max(...stdout.text.split('\n').map(widthOf))).toBeLessThanOrEqual(80);
    expect(stdout.text).toContain(String.raw`\u{1b}[2J\n`);
  });
});

test('a spark line has a blank for nothing and a full block for the most', () => {
  expect(sparkLine([0, 1, 4, 8, 1000, 500])).toBe(' ▁▁▁█▄');
  expect(sparkLine([3])).toBe('█');
});
