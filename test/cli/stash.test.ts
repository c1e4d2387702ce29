import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { MeshBackupError } from '../../src/errors.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { readIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { ALICE, BOB } from '../restore/restoring.ts';
import { run } from './spawn.ts';
import { DOCUMENT, dump, makeFolder, nara, restore, seal, sentTo, unseal } from './stash-scene.ts';
import { Sink } from './streams.ts';

describe('there and back', () => {
  test('a stash goes to a fresh nara and back, byte for byte', async () => {
    const old = await nara({ document: DOCUMENT });
    const dumped = await dump(old);
    expect({ ...dumped, stdout: '' }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    expect(dumped.stdout).not.toContain('s3cret');
    expect(unseal(dumped.stdout)).toBe(old.stash);

    const fresh = await nara();
    const restored = await restore(fresh, ['--yes'], { stdin: dumped.stdout });
    expect(restored).toMatchObject({ status: 0, stdout: '' });
    expect(restored.stderr).toBe(
      `Stash:    of alice, set 2026-01-21 12:53:20 UTC, ${Buffer.byteLength(old.stash!)} bytes, keys: a, keys, z\n` +
        'Replaces: nothing, alice holds none\n✅ alice holds the stash: byte for byte\n',
    );
    expect(fresh.stash).toBe(old.stash);
    expect(unseal((await dump(fresh)).stdout)).toBe(old.stash);
    const bodies = fresh.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(bodies).toEqual([old.stash]);
  });

  test('to a file, for us alone, replaced in one step; bare with --plain', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'a.stash');
    const from = await nara({ document: DOCUMENT });
    expect((await dump(from, ['-o', path, '-verbose'])).stderr).toContain('sealed, to ');
    expect(unseal(await readFile(path, 'utf8'))).toBe(from.stash);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await dump(from, ['--plain', '-o', path])).status).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(`${from.stash}\n`);
    expect(await readdir(folder)).toEqual(['a.stash']);
    const fresh = await nara();
    expect((await restore(fresh, ['--plain', '--yes', path])).status).toBe(0);
    expect(fresh.stash).toBe(from.stash);
  });

  test('a document that is spelled otherwise keeps its values', async () => {
    const fresh = await nara();
    const { status, stderr } = await restore(fresh, ['--plain', '--yes'], {
      stdin: '\ufeff { "b": 1.0, "a": "<" }\r\n',
    });
    expect(status).toBe(0);
    expect(stderr).toContain('✅ alice holds the stash: the same values, in its own order and spelling');
    expect(fresh.requests.find(({ method }) => method === 'POST')!.body).toBe('{ "b": 1.0, "a": "<" }');
  });

  test('a second restore sends nothing, nor does a dry run', async () => {
    const to = await nara({ document: '{"old":1}' });
    const dry = await restore(to, ['--dry-run'], { stdin: seal(DOCUMENT) });
    expect(dry.status).toBe(0);
    expect(dry.stderr).toContain('keys: old\nNothing was changed.\n');
    expect(sentTo(to)).toEqual([]);
    const cwd = await makeFolder();
    expect((await restore(to, ['--yes'], { stdin: seal(DOCUMENT), cwd })).status).toBe(0);
    const again = await restore(to, ['--yes'], { stdin: seal(DOCUMENT), cwd });
    expect(again.status).toBe(0);
    expect(again.stderr).toContain('✅ alice holds this stash already: nothing was sent');
    expect(sentTo(to)).toEqual(['/api/stash/update']);
  });

  test('what is replaced is kept, sealed', async () => {
    const to = await nara({ document: '{"old":1}' });
    const cwd = await makeFolder();
    const { stderr } = await restore(to, ['--yes'], { stdin: seal(DOCUMENT), cwd });
    const [name, ...others] = await readdir(cwd);
    expect(others).toEqual([]);
    expect(name).toMatch(/^pre-restore-stash-[\w-]{8}-\d{8}T\d{6}Z\.json$/);
    expect(stderr).toContain(`   What it held is kept, sealed, in `);
    expect(unseal(await readFile(join(cwd, name!), 'utf8'))).toBe('{"old":1}');
    await restore(to, ['--yes', '--pre-restore', name!], { stdin: seal('{"newer":1}'), cwd });
    expect(unseal(await readFile(join(cwd, `${name!}.2`), 'utf8'))).toBe(DOCUMENT);
    await restore(to, ['--yes', '--no-pre-restore'], { stdin: seal('{"newest":1}'), cwd });
    expect(await readdir(cwd)).toHaveLength(2);
  });

  test('what cannot be kept is not replaced', async () => {
    const to = await nara({ document: '{"old":1}' });
    const { status } = await restore(to, ['--yes', '--pre-restore', '/nowhere/at/all'], {
      stdin: seal(DOCUMENT),
    });
    expect(status).toBe(16);
    expect(to.stash).toBe('{"old":1}');
  });

  test('a newer stash is not replaced without a word', async () => {
    const to = await nara({ document: '{"old":1}', timestamp: 1_769_000_001 });
    const { stderr } = await restore(to, ['--dry-run'], { stdin: seal(DOCUMENT) });
    expect(stderr).toContain('⚠️  What alice holds is newer than this\n');
  });
});

describe('whose it is', () => {
  test('wrong soul: of the nara, and of the stash', async () => {
    const alice = await nara({ document: DOCUMENT });
    const dumped = await dump(alice, [], { soul: BOB.soul });
    expect(dumped).toMatchObject({ status: 12, stdout: '' });
    expect(dumped.stderr).toContain(
      `The nara there is not of this soul: it is alice, key ${ALICE.publicKey}.`,
    );
    const restored = await restore(alice, ['--yes'], { soul: BOB.soul, stdin: seal('{}') });
    expect(restored.status).toBe(12);
    expect(restored.stderr).toContain('The soul is wrong: the stash and the nara there (alice');
    expect(alice.requests.map(({ path }) => path)).toEqual(['/ping', '/ping']);
  });

  test("another nara's stash", async () => {
    const alice = await nara({ document: DOCUMENT });
    const { status, stderr } = await restore(alice, ['--yes'], { stdin: seal('{}', BOB) });
    expect(status).toBe(12);
    expect(stderr).toContain(`The stash was sealed for another soul: bob, key ${BOB.publicKey}.`);
    expect(sentTo(alice)).toEqual([]);
  });

  test('another nara, unless that is what is wanted', async () => {
    const bob = await nara({ identity: BOB });
    const refused = await restore(bob, ['--yes'], { stdin: seal(DOCUMENT) });
    expect(refused.status).toBe(12);
    expect(refused.stderr).toContain('The nara there is not of this soul: it is bob');
    expect(sentTo(bob)).toEqual([]);
    const moved = await restore(bob, ['--yes', '--any-nara'], { stdin: seal(DOCUMENT) });
    expect(moved.status).toBe(0);
    expect(moved.stderr).toContain('⚠️  --any-nara: bob is not of this soul\n');
    expect(bob.stash).toBe(DOCUMENT);
    expect(unseal((await dump(bob, ['--any-nara'])).stdout)).toBe(DOCUMENT);
  });

  test.each(['no-ping', 'no-key'])('nobody tells: %s', async (faults) => {
    const quiet = await nara({ document: DOCUMENT, faults });
    const { status, stderr } = await dump(quiet);
    expect(status).toBe(14);
    expect(stderr).toContain('nobody can tell whose nara it is (--any-nara does not ask)');
    expect((await dump(quiet, ['--any-nara'])).status).toBe(0);
  });

  test('a nara that runs with a soul that everybody knows', async () => {
    const { status, stderr } = await dump(await nara({ identity: readIdentity('alice', '1'.repeat(40)) }));
    expect(status).toBe(12);
    expect(stderr).toContain('It was started with a soul that does not parse');
  });
});

describe('changed', () => {
  test.each([
    ['the name', (text: string) => text.replace('"name":"alice"', '"name":"alicf"')],
    ['the time', (text: string) => text.replace('1769000000', '1769000001')],
    [
      'the ciphertext',
      (text: string) =>
        text.replace(/(ciphertext":".{9})(.)/, (_, a: string, b: string) => a + (b === 'A' ? 'B' : 'A')),
    ],
    ['cut', (text: string) => text.slice(0, -40)],
    ['cut early', (text: string) => text.slice(0, 200)],
    ['longer by a byte', (text: string) => `${text}x`],
    ['closed again', (text: string) => `${text.slice(0, -20)}"}`],
  ])('%s', async (_, change) => {
    const alice = await nara({ document: '{"old":1}' });
    const stdin = change(seal(DOCUMENT));
    expect(stdin).not.toBe(seal(DOCUMENT));
    const { status, stderr } = await restore(alice, ['--yes'], { stdin });
    expect(status).toBe(13);
    expect(stderr).toContain('Error: The sealed stash was changed or damaged: it does not open.\n');
    expect(alice.stash).toBe('{"old":1}');
  });

  test.each(['', 'hello', DOCUMENT, `${DOCUMENT}\n${DOCUMENT}`])('no envelope: %s', async (stdin) => {
    const alice = await nara();
    const { status, stderr } = await restore(alice, ['--yes'], { stdin });
    expect(status).toBe(2);
    expect(stderr).toContain('no stash that dump-stash sealed');
    expect(alice.requests).toEqual([]);
  });

  test.each(['', ' \n', '{', '{}{}', '{"a":1,}'])('no document: %j', async (stdin) => {
    const alice = await nara();
    const { status } = await restore(alice, ['--plain', '--yes'], { stdin });
    expect(status).toBe(2);
    expect(sentTo(alice)).toEqual([]);
  });
});

describe('no stash', () => {
  test('and somebody who may give it back', async () => {
    const { status, stdout, stderr } = await dump(await nara());
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toBe(
      'Error: The nara holds no stash.\n' +
        'It knows 2 confidants, 1 of them online: --recover asks them to give it back.\n',
    );
  });

  test('and nobody', async () => {
    const { status, stderr } = await dump(await nara({ faults: 'no-confidants' }));
    expect(status).toBe(3);
    expect(stderr).toContain('--recover can hardly help');
  });

  test('a file that is there stays', async () => {
    const path = join(await makeFolder(), 'a.stash');
    await writeFile(path, 'before');
    expect((await dump(await nara(), ['-o', path])).status).toBe(3);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  test('--recover gets it', async () => {
    const alice = await nara({ document: DOCUMENT, faults: 'lost-stash:2' });
    const { status, stdout, stderr } = await dump(alice, ['--recover']);
    expect(status).toBe(0);
    expect(stderr).toBe('⏳ It has none: it is asking its confidants (it knows 2)\n');
    expect(unseal(stdout)).toBe(DOCUMENT);
  });

  test('--recover waits no longer than it is told', async () => {
    const { status, stderr } = await dump(await nara(), ['--recover', '--recover-timeout', '100ms']);
    expect(status).toBe(3);
    expect(stderr).toContain('got none back within 0.1 s');
  });
});

test('no confidants: it is there all the same, and that is said', async () => {
  const alice = await nara({ faults: 'no-confidants' });
  const { status, stderr } = await restore(alice, ['--yes'], { stdin: seal(DOCUMENT) });
  expect(status).toBe(0);
  expect(stderr).toContain('⚠️  No confidant took it, the nara alone holds it');
  expect(stderr).toContain('Failed to distribute stash: no confidants available\n');
  expect(alice.stash).toBe(DOCUMENT);
});

test('not ready at once, and never', async () => {
  expect((await dump(await nara({ document: DOCUMENT, faults: 'stash-busy:1' }))).status).toBe(0);
  const never = await dump(await nara({ document: DOCUMENT, faults: 'stash-busy' }));
  expect(never.status).toBe(14);
  expect(never.stderr).toContain('The target is not ready: HTTP 500 Stash service not ready\n');
});

describe('what the nara would damage', () => {
  const LOSSY = '{"wallet":{"coins":[9007199254740993]},"a":1,"a":"s3cret"}';

  test.each([
    ['--plain', LOSSY],
    ['--no-pre-restore', seal(LOSSY)],
  ])('is not sent: %s', async (flag, stdin) => {
    const alice = await nara({ document: '{"old":1}' });
    const { status, stderr } = await restore(alice, [flag, '--yes'], { stdin });
    expect(status).toBe(13);
    expect(stderr).toBe(
      '⚠️  The nara would damage this in the stash:\n' +
        '  wallet.coins[0]: an integer beyond 2^53 that a double does not hold\n' +
        '  a: a key that comes twice: only the last is kept\n' +
        'Error: The nara would not keep this document as it is: nothing was sent.\n' +
        '--accept-damage stores it all the same.\n',
    );
    expect(alice.stash).toBe('{"old":1}');
  });

  test('is sent where somebody says so', async () => {
    const alice = await nara();
    const { status, stderr } = await restore(alice, ['--plain', '--yes', '--accept-damage'], {
      stdin: LOSSY,
    });
    expect(status).toBe(0);
    expect(stderr).toContain('⚠️  The nara will damage this in the stash:\n');
    expect(stderr).toContain('✅ alice holds the stash: damaged as was said\n');
    expect(alice.stash).toBe('{"a":"s3cret","wallet":{"coins":[9007199254740992]}}');
    expect(stderr).not.toContain('s3cret');
  });

  test.each(['[1,2]', '"text"', 'null', '{"n":1e999}'])('is never sent: %s', async (stdin) => {
    const alice = await nara({ document: '{"old":1}' });
    const { status, stderr } = await restore(alice, ['--plain', '--yes', '--accept-damage'], { stdin });
    expect(status).toBe(13);
    expect(stderr).toContain('The nara could not keep this document at all: nothing was sent.');
    expect(alice.stash).toBe('{"old":1}');
  });
});

describe('where it goes', () => {
  test.each(['http://192.0.2.1:8080', 'http://[2001:db8::1]:8080'])('no plain http to %s', async (url) => {
    for (const finished of [
      await dump({ url }),
      await restore({ url }, ['--yes'], { stdin: seal(DOCUMENT) }),
    ]) {
      expect(finished.status).toBe(2);
      expect(finished.stderr).toContain('could read the stash and replace it');
    }
  });

  test('--insecure-http goes there, and says what that means', async () => {
    const args = ['--insecure-http', '--connect-timeout', '50ms'];
    const { status, stderr } = await dump({ url: 'http://192.0.2.1:8080' }, args);
    expect(status).toBe(14);
    expect(stderr).toContain(
      '⚠️  --insecure-http: whoever listens on the way can read the stash and replace it\n',
    );
  });

  test.each([
    ['a mesh port', { door: 'mesh' as const }],
    ['no nara', { faults: 'html' }],
  ])('%s keeps no stash', async (_, scene) => {
    const { status, stderr } = await dump(await nara({ document: DOCUMENT, ...scene }));
    expect(status).toBe(14);
    expect(stderr).toContain('What answers there keeps no stash: ');
  });
});

describe('on the command line', () => {
  test.each([
    ['dump-stash', []],
    ['restore-stash', ['--yes']],
  ])('%s needs to know which nara', async (name, args) => {
    const { status, stderr } = await run(`bin/${name}.js`, args, { env: { NARA_SOUL: ALICE.soul } });
    expect(status).toBe(2);
    expect(stderr).toContain('The stash of which nara? Name it with -nara-url.');
  });

  test.each(['dump-stash', 'restore-stash'])('%s has a help that fits', async (name) => {
    const { status, stdout } = await run(`bin/${name}.js`, ['-help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`  ${name} -nara-url http://localhost:8080 --soul-file soul`);
    expect(Math.max(...stdout.split('\n').map((row) => row.length))).toBeLessThanOrEqual(80);
    const [, , ...description] = stdout
      .slice(0, stdout.indexOf('\n\n', stdout.indexOf('\n\n') + 1))
      .split('\n');
    expect(description.map((row) => row.length > 40)).toEqual([true, true]);
  });

  test('off a terminal --yes is needed, before anything is asked', async () => {
    const alice = await nara();
    const { status, stderr } = await restore(alice, [], { stdin: seal(DOCUMENT) });
    expect(status).toBe(2);
    expect(stderr).toContain('--yes goes on without asking');
    expect(alice.requests).toEqual([]);
  });

  test('the soul cannot come from where the stash comes from', async () => {
    const { status } = await restore(await nara(), ['--yes', '--soul-file', '-'], { stdin: seal(DOCUMENT) });
    expect(status).toBe(2);
  });

  test('files are kept apart', async () => {
    const alice = await nara({ document: '{"old":1}' });
    const cwd = await makeFolder();
    await writeFile(join(cwd, 'a'), seal(DOCUMENT));
    expect((await restore(alice, ['--yes', '--pre-restore', 'a', 'a'], { cwd })).status).toBe(2);
    await writeFile(join(cwd, 'soul'), ALICE.soul);
    expect((await dump(alice, ['--soul-file', 'soul', '-o', 'soul'], { cwd })).status).toBe(2);
  });

  test('what comes from naras and files is shown escaped, the soul not at all', async () => {
    const alice = await nara({ document: '{"\\u001b[31m\\u202e":1}' });
    const { stderr } = await restore(alice, ['--yes', '-verbose'], { stdin: seal('{"\\u001b[32m":1}') });
    expect(stderr).toContain(String.raw`keys: \u{1b}[31m\u{202e}`);
    expect(stderr).toContain(String.raw`keys: \u{1b}[32m`);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toContain(ALICE.soul.slice(0, 8));
  });

  test('--json', async () => {
    const records = (text: string): unknown[] =>
      text
        .trimEnd()
        .split('\n')
        .map((row) => JSON.parse(row) as unknown);
    const alice = await nara({ document: '{"old":1}' });
    const dumped = await dump(alice, ['--json']);
    expect(unseal(dumped.stdout)).toBe('{"old":1}');
    expect(records(dumped.stderr)).toEqual([
      {
        type: 'summary',
        exitStatus: 0,
        name: 'alice',
        publicKey: ALICE.publicKey,
        timestamp: 1_769_000_000,
        bytes: 9,
        isSealed: true,
        isRecovered: false,
        confidants: [
          { name: 'bob', isOnline: true },
          { name: 'carol', isOnline: false },
        ],
        file: null,
      },
    ]);
    const restored = records(
      (await restore(alice, ['--yes', '--json'], { stdin: seal('{"new":1}') })).stdout,
    );
    expect(restored).toContainEqual(
      expect.objectContaining({ type: 'stash', keys: ['new'], keyCount: 1, bytes: 9 }),
    );
    expect(restored).toContainEqual(
      expect.objectContaining({ type: 'before', hasStash: true, keys: ['old'] }),
    );
    expect(restored).not.toContainEqual(expect.objectContaining({ type: 'message' }));
    expect(restored.at(-1)).toMatchObject({
      type: 'summary',
      exitStatus: 0,
      isChanged: true,
      keptAs: 'bytes',
      isDistributed: true,
    });
  });
});

describe('on a terminal', () => {
  async function typed(answer: string): Promise<{ status: number; text: string; nara: SandboxNara }> {
    const alice = await nara({ document: '{"old":1}' });
    const path = join(await makeFolder(), 'a.stash');
    await writeFile(path, seal(DOCUMENT));
    const stderr = new Sink({ columns: 80, rows: 24 });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end(answer);
    const status = await main(['-nara-url', alice.url, '--no-pre-restore', path], {
      forcedCommand: 'restore-stash',
      env: { NARA_SOUL: ALICE.soul, NO_COLOR: '1' },
      stdin,
      stdout: new Sink(),
      stderr,
    });
    return { status, text: stderr.text, nara: alice };
  }

  test.each(['y\n', ' Yes\n', 'y'])('%j replaces', async (answer) => {
    const { status, text, nara: alice } = await typed(answer);
    expect(status).toBe(0);
    expect(text).toContain('Replaces: set 2026-01-21 12:53:20 UTC, 9 bytes, keys: old\nReplace it? [y/N]\n');
    expect(alice.stash).toBe(DOCUMENT);
  });

  test('a stash that came while the question waited is not replaced', async () => {
    const alice = await nara({ document: '{"old":1}' });
    const cwd = await makeFolder();
    const path = join(cwd, 'a.stash');
    await writeFile(path, seal(DOCUMENT));
    const stderr = new Sink({ columns: 80, rows: 24 });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const kept = join(cwd, 'kept');
    const running = main(['-nara-url', alice.url, '--pre-restore', kept, path], {
      forcedCommand: 'restore-stash',
      env: { NARA_SOUL: ALICE.soul, NO_COLOR: '1' },
      stdin,
      stdout: new Sink(),
      stderr,
    });
    await expect.poll(() => stderr.text).toContain('[y/N]');
    await fetch(`${alice.url}/api/stash/update`, { method: 'POST', body: '{"newer":1}' });
    stdin.end('y\n');
    expect(await running).toBe(1);
    expect(stderr.text).toContain('Error: The stash of alice changed meanwhile: nothing was sent.\n');
    expect(alice.stash).toBe('{"newer":1}');
    expect(await readdir(cwd)).toEqual(['a.stash']);
  });

  test('a signal ends the question, and changes nothing', async () => {
    const alice = await nara({ document: '{"old":1}' });
    const path = join(await makeFolder(), 'a.stash');
    await writeFile(path, seal(DOCUMENT));
    const stop = new AbortController();
    const stderr = new Sink({ columns: 80, rows: 24 });
    const running = main(['-nara-url', alice.url, path], {
      forcedCommand: 'restore-stash',
      env: { NARA_SOUL: ALICE.soul },
      stdin: Object.assign(new PassThrough(), { isTTY: true }),
      stdout: new Sink(),
      stderr,
      interruption: { signal: stop.signal, release: () => undefined },
    });
    await expect.poll(() => stderr.text).toContain('[y/N]');
    stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped by SIGINT.'));
    expect(await running).toBe(130);
    expect(sentTo(alice)).toEqual([]);
  });

  test.each(['n\n', '\n', '', 'ja\n', 'no y\n'])('%j does not', async (answer) => {
    const { status, text, nara: alice } = await typed(answer);
    expect(status).toBe(1);
    expect(text).toContain('Error: Nothing was changed.\n');
    expect(sentTo(alice)).toEqual([]);
  });
});
