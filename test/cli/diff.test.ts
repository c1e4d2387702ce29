import { mkdtemp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { naiveCompact } from '../archive/compact-oracle.ts';
import { run, type Finished } from './spawn.ts';

const LINES = naiveCompact(makeHistory({ naras: 1, eventsPerNara: 300 }).ledgers[0]!.map(({ line }) => line));
const SIGNED = LINES.findIndex((text, at) => at >= 10 && text.includes('"sig"'));
const STRIPPED = LINES[SIGNED]!.replaceAll(/,"(?:emitter|emitter_id|sig)":"(?:[^"\\]|\\.)*"/g, '');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
});

function textOf(lines: readonly string[]): string {
  return lines.map((text) => `${text}\n`).join('');
}

function diff(...args: readonly string[]): Promise<Finished> {
  return run('bin/mesh-backup.js', ['diff', ...args], { cwd: folder });
}

const put = (name: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(folder, name), content);

function summaryOf({ stdout }: Finished): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

/** A lacks ten events, B has another copy of one, lacks five, and holds a line that is none. */
async function putBoth(): Promise<void> {
  await put('a', textOf(LINES.slice(10)));
  const copies = LINES.map((text, at) => (at === SIGNED ? STRIPPED : text));
  await put('b', gzipSync(textOf(['junk', ...copies.slice(0, -5).toReversed(), copies[20]!])));
}

describe('diff', () => {
  test('counts by service and month; 0 unless --exit-code is given; nothing is left behind', async () => {
    await putBoth();
    const finished = await diff('a', 'b');
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    expect(finished.stdout).toMatch(/^all events +5 +10 +\d +2\d\d$/m);
    expect(finished.stdout).toMatch(/^no event +0 +1 +0 +0$/m);
    expect(finished.stdout).toMatch(/^2026-01 +5 +10 /m);
    expect(finished.stdout).toContain('They differ.');
    expect(await readdir(folder)).toEqual(['a', 'b']);
    expect((await diff('a', 'b', '--exit-code')).status).toBe(3);
    const json = await diff('a', 'b', '--exit-code', '--json');
    expect(json.status).toBe(3);
    expect(summaryOf(json)).toMatchObject({
      type: 'summary',
      exitStatus: 3,
      isSame: false,
      events: { onlyA: 5, onlyB: 10 },
      broken: { onlyA: 0, onlyB: 1, changed: 0, same: 0 },
      a: { file: 'a', events: 290 },
      b: { file: 'b', events: 296, broken: 1 },
    });
  });

  test('the same in another order, split, doubled and compressed is the same', async () => {
    await put('a', textOf(LINES));
    await put('b', gzipSync(textOf([...LINES.toReversed(), ...LINES.slice(7, 20)])));
    const finished = await diff('a', 'b', '--exit-code');
    expect(finished.status).toBe(0);
    expect(finished.stdout).toContain('Both hold the same.');
  });

  test('what could not be read whole is never said to be the same', async () => {
    const packed = gzipSync(textOf(LINES), { level: 0 });
    await put('a', packed.subarray(0, 30_000));
    await put('b', packed.subarray(0, 30_000));
    const finished = await diff('a', 'b');
    expect(finished.stdout).not.toContain('the same.');
    expect(finished.stdout).toContain('No difference in what could be compared.');
    expect(finished.stderr).toContain('Not all could be compared');
  });

  test('--only-a, --only-b and --changed print lines as they are; several are marked', async () => {
    await putBoth();
    expect(await diff('a', 'b', '--only-a')).toMatchObject({
      status: 0,
      stdout: textOf(LINES.slice(-5)),
      stderr: '',
    });
    const onlyB = LINES.slice(0, 10);
    expect((await diff('a', 'b', '--only-b')).stdout).toBe(textOf([...onlyB, 'junk']));
    expect((await diff('a', 'b', '--changed')).stdout).toBe(textOf([LINES[SIGNED]!, STRIPPED]));
    expect((await diff('b', 'a', '--changed')).stdout).toBe(textOf([STRIPPED, LINES[SIGNED]!]));
    const both = (await diff('a', 'b', '--only-a', '--only-b')).stdout;
    expect(both).toBe(
      textOf([...onlyB.map((text) => `> ${text}`), ...LINES.slice(-5).map((text) => `< ${text}`), '> junk']),
    );
    const records = (await diff('a', 'b', '--only-a', '--json')).stdout.trimEnd().split('\n').slice(0, -1);
    expect(
      records.map((text) => Buffer.from((JSON.parse(text) as { bytes: string }).bytes, 'base64').toString()),
    ).toEqual(LINES.slice(-5));
  });

  test('a selection, stdin, and an event of the year 2255', async () => {
    const late = makeEvent({
      tsNs: 9_000_000_000_000_000_000n,
      svc: 'seen',
      payload: { observer: 'alice', subject: 'bob', via: 'x' },
    }).line;
    const early = makeEvent({
      tsNs: -9_223_372_036_854_775_808n,
      svc: 'seen',
      payload: { observer: 'alice', subject: 'bob', via: 'x' },
    }).line;
    await put('a', textOf(LINES));
    const stdin = textOf([late, ...LINES, early]);
    const finished = await run('bin/mesh-backup.js', ['diff', 'a', '-'], { cwd: folder, stdin });
    expect(finished.stdout.split('\n').filter((text) => /^\d{4}-\d\d /.test(text))).toEqual([
      expect.stringMatching(/^1677-09 +0 +1 +0 +0$/),
      expect.stringMatching(/^2255-03 +0 +1 +0 +0$/),
    ]);
    expect(finished.stdout).toMatch(/^1 other month +0 +0 +0 +300$/m);
    const args = ['diff', 'a', '-', '--until', '2200-01-01T00:00:00Z', '--since', '2000-01-01T00:00:00Z'];
    const selected = await run('bin/mesh-backup.js', [...args, '--exit-code'], { cwd: folder, stdin });
    expect(selected.status).toBe(0);
  });

  test.each<[string, string | Uint8Array, string | Uint8Array, number, RegExp]>([
    ['both empty', '', '', 3, /neither backup holds an event/],
    ['one empty', textOf(LINES), '', 0, /all events +300 +0 /],
    ['both binary', Buffer.alloc(5000, 7), Buffer.alloc(5000, 7), 3, /neither/],
    ['UTF-16', textOf(LINES), Buffer.from(`\ufeff${textOf(LINES)}`, 'utf16le'), 3, /UTF-16/],
    ['a gzip that is cut', textOf(LINES), gzipSync(textOf(LINES)).subarray(0, -99), 3, /cut off/],
    [
      'a line that is too long',
      textOf(LINES),
      `${'x'.repeat(17 << 20)}\n${textOf(LINES)}`,
      3,
      /line 1 is longer/,
    ],
    ['a torn line', textOf(LINES), textOf(LINES).slice(0, -30), 0, /no event +0 +1/],
  ])('%s', async (_, a, b, status, said) => {
    await put('a', a);
    await put('b', b);
    const finished = await diff('a', 'b');
    expect(finished.status).toBe(status);
    expect(finished.stdout + finished.stderr).toMatch(said);
    expect(finished.stderr).not.toMatch(/^\s+at /m);
  });

  test.each([
    ['one operand', ['a'], 2],
    ['three operands', ['a', 'a', 'a'], 2],
    ['stdin twice', ['-', '-'], 2],
    ['one that is not there', ['a', 'nowhere'], 16],
    ['a folder', ['a', 'folder'], 16],
  ])('%s', async (_, args, status) => {
    await put('a', textOf(LINES));
    await mkdir(join(folder, 'folder'));
    const finished = await diff(...args);
    expect(finished.status).toBe(status);
    expect(finished.stderr).toMatch(/^Error: /);
  });
});
