import { execFileSync } from 'node:child_process';
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_EVENT_BYTES } from '../../src/event/event-view.ts';
import { main } from '../../src/cli/main.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import { naiveCompact } from '../archive/compact-oracle.ts';
import { run, start, whenFinished, type Finished } from './spawn.ts';
import { Sink } from './streams.ts';

const [ledger] = makeHistory({ naras: 2, eventsPerNara: 400 }).ledgers;
const LINES = ledger!.map(({ line }) => line);
const SORTED = textOf(naiveCompact(LINES));
const MIXED = textOf(LINES.toReversed());
const MISFIT = LINES[3]!.replace(/"ts":(\d+)\d/, '"ts":$13');
const HOSTILE = makeHostileEvent(ledger![5]!, 0).line;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
});

function textOf(lines: readonly string[]): string {
  return lines.map((text) => `${text}\n`).join('');
}

function compact(...args: readonly string[]): Promise<Finished> {
  return run('bin/mesh-backup.js', ['compact', ...args], { cwd: folder });
}

/** What the last record of `--json` says. */
function summaryOf({ stdout }: Finished): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

const put = (name: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(folder, name), content);
const get = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const names = async (): Promise<string[]> => (await readdir(folder)).sort();

describe('compact', () => {
  test('many files, plain, gzip and stdin, become one; all is well, so nothing is said', async () => {
    await put('a', textOf(LINES.slice(0, 150)));
    await put('b', gzipSync(textOf(LINES.slice(100, 300).toReversed())));
    await put('c', Buffer.concat(LINES.slice(250).map((text) => gzipSync(`${text}\n`))));
    const finished = await run('bin/mesh-backup.js', ['compact', 'a', '-', 'b', 'c', '-o', 'out'], {
      cwd: folder,
      stdin: textOf(LINES.slice(20, 40)),
    });
    expect(finished).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    expect(await get('out')).toBe(SORTED);
    expect(await names()).toEqual(['a', 'b', 'c', 'out']);
  });

  test('out by .gz and --gzip, and the same bytes whatever the split; a compressed OUT stays so', async () => {
    await put('mixed', MIXED);
    await put('one', textOf(LINES.slice(0, 99)));
    await put('two', textOf(LINES.slice(99)));
    expect((await compact('mixed', '-o', 'a.gz')).status).toBe(0);
    expect((await compact('two', 'one', '--gzip', '-o', 'b', '--memory', '10kB')).status).toBe(0);
    expect(gunzipSync(await readFile(join(folder, 'a.gz'))).toString()).toBe(SORTED);
    const compressed = await readFile(join(folder, 'a.gz'));
    expect(await readFile(join(folder, 'b'))).toEqual(compressed);
    expect((await compact('one', 'b', '-o', 'b')).status).toBe(0);
    expect(await readFile(join(folder, 'b'))).toEqual(compressed);
  });

  test('OUT is one of the inputs, named or not, and through a link; its mode stays', async () => {
    await put('out', textOf(LINES.slice(200).toReversed()));
    await put('in', textOf(LINES.slice(0, 250)));
    await symlink('out', join(folder, 'link'));
    const finished = await compact('in', 'out', '-o', 'link', '--json');
    expect(finished.status).toBe(0);
    expect(summaryOf(finished)).toMatchObject({
      lines: { read: 450, written: 400, duplicate: 50, quarantined: 0 },
      inputs: [{ lines: 250 }, { lines: 200 }],
    });
    expect(await get('link')).toBe(SORTED);

    await put('out', textOf(LINES.slice(200)));
    await link(join(folder, 'out'), join(folder, 'hard'));
    expect((await compact('in', '-o', 'out')).status).toBe(0);
    expect(await get('out')).toBe(SORTED);
    expect(await get('hard')).toBe(textOf(LINES.slice(200)));
  });

  test('--fresh leaves out what OUT holds, and keeps it; a second time too', async () => {
    await put('in', MIXED);
    await put('out', 'mine\n');
    const finished = await compact('in', '-o', 'out', '--fresh');
    expect(finished).toMatchObject({ status: 0 });
    expect(finished.stderr).toContain('out.old');
    expect(await get('out.old')).toBe('mine\n');
    await compact('in', '-o', 'out', '--fresh');
    expect(await get('out.old')).toBe('mine\n');
    expect(await get('out.old.2')).toBe(SORTED);
  });

  test('what may not stand in a backup goes to the quarantine: 0 and a warning, 13 with --strict', async () => {
    const bad = [MISFIT, HOSTILE, 'no JSON'];
    await put('in', textOf([...LINES.slice(0, 50), ...bad, '', ...LINES.slice(50)]));
    const finished = await compact('in', '-o', 'out');
    expect(finished.status).toBe(0);
    expect(finished.stderr).toBe('⚠️  in: 3 lines may not stand in a backup: quarantined\n');
    expect(await get('out')).toBe(SORTED);
    const records = (await get('out.quarantine')).trimEnd().split('\n');
    expect(records.map((text) => JSON.parse(text) as unknown)).toEqual([
      expect.objectContaining({ class: 'misfit', file: 'in', bytes: Buffer.from(MISFIT).toString('base64') }),
      expect.objectContaining({ class: 'hostile' }),
      { class: 'broken', reason: 'no JSON', file: 'in', bytes: Buffer.from('no JSON').toString('base64') },
    ]);
    const strict = await compact('in', '-o', 'out', '--strict', '--json');
    expect(strict.status).toBe(13);
    expect(summaryOf(strict)).toMatchObject({
      exitStatus: 13,
      isWritten: true,
      lines: { read: 803, written: 400, duplicate: 400, quarantined: 3, misfit: 1, hostile: 1, broken: 1 },
    });
    expect((await compact('in', '-o', 'kept', '--keep-misfits')).status).toBe(0);
    expect(await get('kept')).toContain(MISFIT);
  });

  test('--variants keeps what lost and says something else', async () => {
    const other = LINES[0]!.replace(/\}$/, ',"x":1}');
    await put('in', textOf([other, ...LINES]));
    expect((await compact('in', '-o', 'out', '--variants', 'v')).status).toBe(0);
    expect(await get('out')).toBe(SORTED);
    expect(JSON.parse(await get('v'))).toMatchObject({ class: 'variant', file: 'in' });
  });

  test('what lost is kept beside OUT where nobody says where: one of two signatures that nobody can check, for one', async () => {
    const signed = makeHistory({ naras: 1, eventsPerNara: 40 })
      .ledgers[0]!.map(({ line }) => line)
      .filter((text) => /"svc":"seen".*"sig":"/.test(text));
    const stripped = signed.map((text) => text.replace(/"sig":"[^"]*",/, ''));
    const others = signed.map((text) => text.replace(/"sig":"../, '"sig":"AA'));
    expect(signed.length).toBeGreaterThan(0);
    await put('in', textOf([...signed, ...stripped, ...others]));
    expect((await compact('in', '-o', 'out')).status).toBe(0);
    const kept = (await get('out.variants')).split('\n').filter(Boolean);
    const bytes = kept.map((text) => {
      return Buffer.from((JSON.parse(text) as { bytes: string }).bytes, 'base64').toString();
    });
    const all = [...bytes, ...(await get('out')).split('\n')];
    for (const line of [...signed, ...others]) expect(all).toContain(line);
    for (const line of stripped) expect(all).not.toContain(line);
  });

  test('--keys: what a pinned key signed wins over what another key of the name signed', async () => {
    const { naras, ledgers } = makeHistory({ naras: 1, eventsPerNara: 30 });
    const [alice] = naras;
    const impostor = makeHistory({ seed: 2, naras: 1, eventsPerNara: 10 }).naras[0]!;
    const greet = (who: typeof impostor): string =>
      makeEvent({
        tsNs: 1n,
        svc: 'hey-there',
        payload: { From: who.name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' },
        signer: who,
      }).line;
    const parts = { tsNs: 5n, svc: 'seen', payload: { observer: 'alice', subject: 'bob', via: 'x' } };
    const [byAlice, byImpostor] = [alice!, impostor].map((signer) => makeEvent({ ...parts, signer }).line);
    const lines = [
      ...ledgers[0]!.map(({ line }) => line),
      greet(alice!),
      greet(impostor),
      byAlice!,
      byImpostor!,
    ];
    await put('in', textOf(lines));
    for (const [who, line] of [
      [alice!, byAlice!],
      [impostor, byImpostor!],
    ] as const) {
      await put('keys', `alice ${who.publicKey}\n`);
      await rm(join(folder, 'out'), { force: true });
      await compact('in', '-o', 'out', '--keys', 'keys');
      expect((await get('out')).split('\n')).toContain(line);
    }
  });

  test('--dry-run changes nothing, takes no lock, and says what would be', async () => {
    await put('in', textOf([...LINES, 'junk']));
    await put('out', 'old\n');
    await put('out.lock', JSON.stringify({ held: 'by somebody' }));
    const before = await names();
    const finished = await compact('in', '-o', 'out', '--dry-run');
    expect(finished.status).toBe(0);
    expect(finished.stderr).toContain('402 read = 400 written + 0 duplicate + 2 quarantined');
    expect(finished.stderr).toContain('Nothing was changed');
    expect(await names()).toEqual(before);
    expect(await get('out')).toBe('old\n');
    expect((await compact('in', '-o', 'out')).status).toBe(11);
  });

  test('-o - streams; with --json there is no room for both', async () => {
    await put('in', MIXED);
    expect(await compact('in', '-o', '-')).toMatchObject({ status: 0, stdout: SORTED, stderr: '' });
    expect((await compact('in', '-o', '-', '--json')).status).toBe(2);
    expect(await names()).toEqual(['in']);
  });

  test.skipIf(process.platform === 'win32')('a FIFO as input', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const child = start('bin/mesh-backup.js', ['compact', 'fifo', '-o', 'out'], { cwd: folder });
    const finished = whenFinished(child);
    await writeFile(join(folder, 'fifo'), MIXED);
    expect((await finished).status).toBe(0);
    expect(await get('out')).toBe(SORTED);
  });
});

describe('names that cannot be', () => {
  test.each([
    ['no -o', ['in'], 2],
    ['an empty -o', ['in', '-o', ''], 2],
    ['stdin twice', ['-', '-', '-o', 'out'], 2],
    ['the quarantine of OUT is an input', ['in', 'out.quarantine', '-o', 'out'], 2],
    ['the variants are an input', ['in', '-o', 'out', '--variants', 'in'], 2],
    ['--fresh of a stream', ['in', '-o', '-', '--fresh'], 2],
    ['a folder as OUT', ['in', '-o', 'folder/'], 16],
    ['a folder as input', ['in', 'folder', '-o', 'out'], 16],
    ['an input that is not there', ['in', 'nowhere', '-o', 'out'], 16],
    ['keys that are none', ['in', '-o', 'out', '--keys', 'in'], 2],
  ])('%s', async (_, args, status) => {
    await mkdir(join(folder, 'folder'));
    await put('in', MIXED);
    await put('out', 'old\n');
    await put('out.quarantine', '');
    const before = await names();
    const finished = await compact(...args);
    expect(finished.status).toBe(status);
    expect(finished.stderr).toMatch(/^Error: /);
    expect(finished.stderr).not.toMatch(/^\s+at /m);
    expect(await names()).toEqual(before);
    expect(await get('out')).toBe('old\n');
  });
});

describe('bad input', () => {
  const binary = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251));
  test.each<[string, string | Uint8Array, RegExp]>([
    ['empty', '', /Nothing to write/],
    ['blank', '\n \n', /Nothing to write/],
    ['binary', binary, /Nothing to write/],
    ['UTF-16', Buffer.from(`\ufeff${MIXED}`, 'utf16le'), /UTF-16/],
    ['an empty gzip', gzipSync(''), /Nothing to write/],
    ['gzip by its first bytes alone', Buffer.from([0x1f, 0x8b, 1, 2, 3]), /gzip/],
  ])('%s, and nothing else: 3, and OUT is as it was', async (_, content, said) => {
    await put('in', content);
    expect((await compact('in', '-o', 'new')).status).toBe(3);
    expect(await names()).not.toContain('new');
    await put('out', '');
    const finished = await compact('in', '-o', 'out');
    expect(finished.status).toBe(3);
    expect(finished.stderr).toMatch(said);
    expect(finished.stderr).toContain('out is as it was');
    expect(await get('out')).toBe('');
    expect((await names()).filter((name) => /part|lock/.test(name))).toEqual([]);
  });

  test('a torn last line: the rest goes in, the line to the quarantine, 3; a whole event without its line feed: 0', async () => {
    await put('in', MIXED.slice(0, -20));
    const finished = await compact('in', '-o', 'out');
    expect(finished.status).toBe(3);
    expect(finished.stderr).toContain('in: its last line is torn');
    expect((await get('out')).split('\n')).toHaveLength(400);
    expect(await get('out.quarantine')).toContain('"torn"');
    await put('in', MIXED.trimEnd());
    expect((await compact('in', '-o', 'whole')).status).toBe(0);
    expect(await get('whole')).toBe(SORTED);
  });

  test('a gzip that is cut: what can be read goes in, 3; where that is OUT, it stays beside it', async () => {
    const members = LINES.map((text) => gzipSync(`${text}\n`));
    const cut = Buffer.concat(members).subarray(0, -30);
    await put('in', cut);
    const finished = await compact('in', '-o', 'out');
    expect(finished.status).toBe(3);
    expect(finished.stderr).toContain('the gzip stream is cut off');
    expect((await get('out')).split('\n').length).toBeGreaterThanOrEqual(400);
    expect(await names()).not.toContain('out.damaged');

    expect((await compact('in', '-o', 'in')).status).toBe(3);
    expect(await readFile(join(folder, 'in.damaged'))).toEqual(cut);
  });

  test('lines of 16 MiB: the longest event goes in, what is longer is named', async () => {
    const long = (bytes: number): string => {
      const parts = { tsNs: 7n, svc: 'seen', payload: { observer: 'a', subject: 'b', via: '' } };
      const short = makeEvent(parts).line.length;
      const via = 'x'.repeat(bytes - short);
      return makeEvent({ ...parts, payload: { ...parts.payload, via } }).line;
    };
    await put('in', textOf([long(MAX_EVENT_BYTES), ...LINES, long(MAX_EVENT_BYTES + 2000)]));
    const finished = await compact('in', '-o', 'out');
    expect(finished.status).toBe(3);
    expect(finished.stderr).toMatch(/line 402 is longer than/);
    expect(await get('out')).toBe(`${long(MAX_EVENT_BYTES)}\n${SORTED}`);
  });

  test('an input that grows while it is read: what was there goes in, 3; one that changes: 16, and OUT is as it was', async () => {
    await put('in', SORTED);
    await put('out', '');
    const during = async (change: () => Promise<void>): Promise<Finished> => {
      const child = start('bin/mesh-backup.js', ['compact', 'in', '-', '-o', 'out'], { cwd: folder });
      const finished = whenFinished(child);
      // More than a pipe and a stream hold: when it is gone, the file before it is read.
      await new Promise((resolve) => child.stdin.write('\n'.repeat(2 ** 20), resolve));
      await change();
      child.stdin.end();
      return finished;
    };
    const changed = await during(() => put('in', SORTED.replaceAll('a', 'b')));
    expect(changed).toMatchObject({ status: 16 });
    expect(changed.stderr).toContain('in was changed');
    expect(await get('out')).toBe('');
    await put('in', SORTED);
    const grown = await during(() => appendFile(join(folder, 'in'), `${SORTED.split('\n')[0]}\n`));
    expect(grown).toMatchObject({ status: 3 });
    expect(grown.stderr).toContain('grew while it was read');
    expect(await get('out')).toBe(SORTED);
    await put('in', SORTED);
    const other = await during(() => put('out', 'mine'));
    expect(other).toMatchObject({ status: 16 });
    expect(await get('out')).toBe('mine');

    // One that was not there when we began, so that it is no input.
    await rm(join(folder, 'out'));
    const made = await during(() => put('out', 'mine'));
    expect(made).toMatchObject({ status: 16 });
    expect(made.stderr).toContain('out was changed');
    expect(await get('out')).toBe('mine');
  });
});

test('a signal ends it while it waits for more of stdin; OUT stays as it was', async () => {
  await put('out', SORTED);
  const stop = new AbortController();
  const stdin = new PassThrough();
  const interruption = { signal: stop.signal, release: () => undefined };
  const [stdout, stderr] = [new Sink(), new Sink()];
  const args = ['compact', '-', '-o', join(folder, 'out')];
  const running = main(args, { stdin, stdout, stderr, interruption });
  for (const piece of LINES.slice(0, 3)) {
    stdin.write(`${piece}\n`);
    while (stdin.readableLength > 0) await setImmediate();
  }
  stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
  expect(await running).toBe(130);
  expect(await get('out')).toBe(SORTED);
  expect(await names()).toEqual(['out']);
});
