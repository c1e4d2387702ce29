import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDump } from '../../src/sandbox/check-dump.ts';
import type { SandboxMesh } from '../../src/sandbox/mesh.ts';
import { withMesh } from '../dump/dump-mesh.ts';
import { run, start, whenFinished, whenSaid, type Finished } from './spawn.ts';

const SCRIPT = 'bin/dump-events.js';

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'mesh-backup-'));
}

/** The flags that name the requester and all peers of a mesh; the soul comes from the environment. */
function flagsFor(mesh: SandboxMesh, ...more: string[]): string[] {
  const peers = mesh.naras.flatMap(({ name, url }) => ['--peer', `${name}=${url}`]);
  return ['-name', mesh.requester.name, ...peers, ...more];
}

async function dumpEvents(mesh: SandboxMesh, ...more: string[]): Promise<Finished> {
  return run(SCRIPT, flagsFor(mesh, ...more), { env: { NARA_SOUL: mesh.requester.soul } });
}

function expectExact(mesh: SandboxMesh, { stdout }: Finished): void {
  const lines = stdout.split('\n').slice(0, -1);
  const given = mesh.naras.flatMap((nara) => nara.given);
  const clean = { events: lines.length, missing: 0, foreign: 0, doubled: 0, disordered: 0 };
  expect(lines.length).toBeGreaterThan(0);
  expect(checkDump(given, lines)).toEqual(clean);
}

describe('when all is well', () => {
  test('stdout holds the events, stderr nothing, the status is 0', async () => {
    await withMesh({}, async (mesh) => {
      const finished = await dumpEvents(mesh);
      expect(finished).toMatchObject({ status: 0, stderr: '' });
      expectExact(mesh, finished);
    });
  });

  test('every way of the original to write its flags, and both other program names', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { url } = mesh.naras[0]!;
      const { soul } = mesh.requester;
      const ways: [string, string[]][] = [
        [
          SCRIPT,
          [
            '-name',
            'alice',
            '-soul',
            soul,
            '-peer',
            url,
            '-timeout',
            '1m30s',
            '-workers',
            '2',
            '-verbose=false',
          ],
        ],
        [SCRIPT, ['--name=alice', `--soul=${soul}`, `--peer=${url}`, '--timeout=500ms', '--workers=1']],
        ['bin/mesh-backup.js', ['dump-events', '-name=alice', '-soul', soul, '--peer', `x=${url}`]],
        ['bin/nara-backup.js', ['dump-events', '-name', 'alice', '-soul', soul, '--peer', url, '-verbose']],
      ];
      const outputs = await Promise.all(ways.map(([script, args]) => run(script, args)));
      expect(outputs.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
      expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
      expect(outputs[0]!.stderr).toBe('');
      expect(outputs[3]!.stderr).toContain('📡 Discovered 1 peers (using 5 workers)');
      expect(outputs[3]!.stderr).toContain('✅ [1/1] Got 300 events from alice');
      expect(outputs[3]!.stderr).toContain('✅ Dump complete: 300 unique events streamed');
    });
  });

  test('a peers file in both its forms, with pinned keys', async () => {
    await withMesh({}, async (mesh) => {
      const [a, b, c] = mesh.naras as [
        (typeof mesh.naras)[0],
        (typeof mesh.naras)[0],
        (typeof mesh.naras)[0],
      ];
      const path = join(await folder(), 'peers');
      const pinned = { name: 'bob', url: b.url, public_key: b.publicKey };
      await writeFile(
        path,
        `# the mesh\r\nalice ${a.url}\r\n\r\n${JSON.stringify(pinned)}\n${JSON.stringify({ url: c.url })}`,
      );
      const env = { NARA_SOUL: mesh.requester.soul };
      const finished = await run(SCRIPT, ['-name', 'alice', '--peers', path], { env });
      expect(finished).toMatchObject({ status: 0, stderr: '' });
      expectExact(mesh, finished);

      await writeFile(path, JSON.stringify({ ...pinned, public_key: a.publicKey }));
      const other = await run(SCRIPT, ['-name', 'alice', '--peers', path], { env });
      expect(other.status).toBe(1);
      expect(other.stderr).toContain('PEER_KEY');
    });
  });

  test('-ids-from F >> F: a second run adds nothing', async () => {
    await withMesh({}, async (mesh) => {
      const path = join(await folder(), 'backup.jsonl');
      const first = await dumpEvents(mesh, '-ids-from', path);
      await writeFile(path, first.stdout);
      expect(await dumpEvents(mesh, '-ids-from', path)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    });
  });

  test('-ids-from F >> F closes off a last line that was left torn, and needs no more', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const path = join(await folder(), 'backup.jsonl');
      const all = (await dumpEvents(mesh)).stdout;
      const lines = all.split('\n').slice(0, -1);
      await writeFile(path, lines.slice(0, 100).join('\n'));
      const file = await open(path, 'a');
      const env = { NARA_SOUL: mesh.requester.soul };
      const args = [SCRIPT, ...flagsFor(mesh, '-ids-from', path)];
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', file.fd, 'inherit'] });
      await new Promise((resolve) => child.once('close', resolve));
      await file.close();
      expect(await readFile(path, 'utf8')).toBe(all);
    });
  });

  test('--memory changes no byte; without a place for what does not fit the dump ends with 16', async () => {
    await withMesh({ eventsPerNara: 2000 }, async (mesh) => {
      const env = { NARA_SOUL: mesh.requester.soul };
      const plenty = await dumpEvents(mesh);
      const little = await dumpEvents(mesh, '--memory', '64kB');
      expect(little).toMatchObject({ status: 0, stderr: '' });
      expect(little.stdout).toBe(plenty.stdout);
      const nowhere = await run(SCRIPT, flagsFor(mesh, '--memory', '64kB'), {
        env: { ...env, TMPDIR: '/nowhere' },
      });
      expect(nowhere).toMatchObject({ status: 16, stdout: '' });
      expect(nowhere.stderr).toContain('Cannot keep a temporary file in /nowhere');
    });
  });

  test('a peer that refuses us gives its checkpoints all the same', async () => {
    await withMesh({ faults: { bob: 'status:403' } }, async (mesh) => {
      const bob = mesh.naras[1]!;
      const env = { NARA_SOUL: mesh.requester.soul };
      const args = ['-name', 'alice', '--peer', bob.url];
      const finished = await run(SCRIPT, args, { env });
      expect(finished.status).toBe(15);
      const checkpoints = bob.ledger.filter(({ svc }) => svc === 'checkpoint').map(({ line }) => line);
      expect(finished.stdout.split('\n').slice(0, -1)).toEqual(checkpoints);
      expect(checkpoints.length).toBeGreaterThan(0);
      expect(await run(SCRIPT, [...args, '--no-checkpoints'], { env })).toMatchObject({
        status: 15,
        stdout: '',
      });
    });
  });

  test('--json: one object a line on stderr, the last a summary', async () => {
    await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
      const finished = await dumpEvents(mesh, '--json');
      expectExact(mesh, finished);
      const records = finished.stderr
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as Record<string, unknown>);
      expect(records.filter(({ type }) => type === 'peer')).toHaveLength(3);
      expect(records.at(-1)).toMatchObject({ type: 'summary', exitStatus: 0 });
      const { events, bytesWritten, suspects } = records.at(-1) as {
        events: Record<string, number>;
        bytesWritten: number;
        suspects: { peer: string }[];
      };
      expect(bytesWritten).toBe(Buffer.byteLength(finished.stdout));
      expect(events['written']).toBe(finished.stdout.split('\n').length - 1);
      expect(new Set(suspects.map(({ peer }) => peer))).toEqual(new Set(['bob']));
    });
  });
});

describe('when peers fail', () => {
  test('one that fails half way: its events are kept, it is named, the status is 3', async () => {
    await withMesh({ eventsPerNara: 3000, faults: { bob: 'cut:2' } }, async (mesh) => {
      const finished = await dumpEvents(mesh);
      expect(finished.status).toBe(3);
      expectExact(mesh, finished);
      expect(mesh.naras[1]!.given.length).toBeGreaterThan(0);
      expect(finished.stderr).toMatch(
        /⚠️ {2}Incomplete: bob gave [\d,]+ events, missing from 2026-.* on: .*\(PEER_CUT\)/,
      );
      expect(finished.stderr).toContain('Peers:  3 tried, 2 complete, 1 incomplete, 0 failed');
      expect((await dumpEvents(mesh, '--min-peers', '2')).status).toBe(0);
      expect((await dumpEvents(mesh, '--require-peer', 'alice')).status).toBe(0);
      expect((await dumpEvents(mesh, '--require-peer', 'alice,bob')).status).toBe(3);
    });
  });

  test.each([
    ['nobody answers', { alice: 'hang', bob: 'hang' }, 14, 'none answered'],
    ['all refuse', { alice: 'status:403', bob: 'status:403' }, 15, 'they refused us'],
    ['all are broken', { alice: 'content-type', bob: 'gzip' }, 1, 'All 2 peers failed'],
  ])('%s', async (_, faults, status, message) => {
    await withMesh({ naras: 2, faults }, async (mesh) => {
      const finished = await dumpEvents(mesh, '-timeout', '700ms', '--no-checkpoints');
      expect(finished).toMatchObject({ status, stdout: '' });
      expect(finished.stderr).toContain(message);
      expect(finished.stderr).toContain('⚠️  Failed to fetch from alice');
    });
  });

  test('the wrong soul is named as such', async () => {
    await withMesh({ naras: 2 }, async (mesh) => {
      const env = { NARA_SOUL: mesh.naras[1]!.soul };
      const finished = await run(SCRIPT, flagsFor(mesh), { env });
      expect(finished.status).toBe(12);
      expect(finished.stderr).toContain('The soul was not made for the name alice');
      expect(finished.stderr).toContain('Authentication failed: soul does not match');
      expect(finished.stderr).not.toContain(env.NARA_SOUL.slice(0, 12));
    });
  });

  test('nobody is named', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const env = { NARA_SOUL: mesh.requester.soul };
      const finished = await run(SCRIPT, ['-name', 'alice', '--mesh', 'none'], { env });
      expect(finished).toMatchObject({ status: 14, stdout: '' });
      expect(finished.stderr).toContain('Error: No peers discovered on mesh');
    });
  });

  test('events that do not verify: a warning, a quarantine, 13 with --strict', async () => {
    await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
      const quarantine = join(await folder(), 'quarantine.ndjson');
      const variants = join(await folder(), 'variants.ndjson');
      const flags = ['--quarantine', quarantine, '--variants', variants];
      const finished = await dumpEvents(mesh, ...flags);
      expect(finished.status).toBe(0);
      expect(finished.stderr).toMatch(
        /⚠️ {2}bob gave \d+ events that do not verify: .*\d+ hostile \(duplicate-key\)/,
      );
      const kept = await readFile(quarantine, 'utf8');
      expect(kept).toContain('"class":"hostile"');
      expect(await readFile(variants, 'utf8')).toContain('"class":"variant"');
      expect((await dumpEvents(mesh, '--strict', ...flags)).status).toBe(13);
      expect(await readFile(quarantine, 'utf8')).toBe(kept);
    });
  });

  test('hostile names do not reach the terminal', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const name = 'x\u001b[2J\u202eevil\u0007';
      const flags = ['-name', 'alice', '--peer', `${name}=http://127.0.0.1:1`, '--peer', mesh.naras[0]!.url];
      const finished = await run(SCRIPT, flags, { env: { NARA_SOUL: mesh.requester.soul } });
      expect(finished.status).toBe(3);
      expect(finished.stderr).toContain('evil');

      expect(finished.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    });
  });
});

describe('wrong use', () => {
  test.each([
    ['no name', [], 'Name the nara with -name'],
    ['an unknown flag', ['-name', 'a', '-nme', 'x'], 'nme'],
    ['a duration without a unit', ['-timeout', '90'], 'unit'],
    ['a page of too many', ['--page-size', '5001'], '5000'],
    ['no page at all', ['--page-size', '0'], 'whole number'],
    ['a peer that is none', ['--peer', 'ftp://x'], 'no http(s) URL'],
    ['a peer with a password', ['--peer', 'http://a:b@c'], 'credentials'],
    ['a word too many', ['-name', 'a', 'words'], 'too many arguments'],
    ['since after until', ['-name', 'a', '--since', '1h', '--until', '2h'], '--since is not before --until'],
    ['a peers file that says nothing', ['-name', 'a', '--peers', 'package.json'], 'Line 1 of the peers file'],
  ])('%s is status 2 and says so', async (_, args, message) => {
    const finished = await run(SCRIPT, args, { env: { NARA_SOUL: '1'.repeat(40) } });
    expect(finished).toMatchObject({ status: 2, stdout: '' });
    expect(finished.stderr).toContain(message);
  });

  test('with --json what is wrong is a record', async () => {
    const finished = await run(SCRIPT, ['--json', '-timeout', '90']);
    expect(finished.status).toBe(2);
    expect(JSON.parse(finished.stderr)).toMatchObject({ type: 'error', code: 'USAGE', exitStatus: 2 });
  });

  test('a soul that does not parse is status 2 and is not shown', async () => {
    const finished = await run(SCRIPT, ['-name', 'a', '-soul', '0secret0'.repeat(7)]);
    expect(finished.status).toBe(2);
    expect(finished.stderr).not.toContain('secret');
  });

  test('-help is status 0 and fits 80 columns', async () => {
    const finished = await run(SCRIPT, ['-help']);
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    expect(finished.stdout.split('\n').filter((text) => text.length > 80)).toEqual([]);
    for (const word of ['-name', '--ids-from', 'NARA_SOUL', '141']) expect(finished.stdout).toContain(word);
  });
});

describe('signals and pipes', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: what was fetched is written, the rest is named', async (signal, status) => {
    await withMesh({ faults: { bob: 'hang:1' } }, async (mesh) => {
      const child = start(SCRIPT, flagsFor(mesh, '-verbose'), { env: { NARA_SOUL: mesh.requester.soul } });
      const finished = whenFinished(child);
      await whenSaid(child, '[2/3]');
      child.kill(signal);
      const result = await finished;
      expect(result.status).toBe(status);
      expectExact(mesh, result);
      expect(result.stderr).toContain(`Stopped by ${signal}.`);
      expect(result.stderr).toMatch(/Failed to fetch from bob.*Stopped/);
    });
  });

  test('a reader that goes away: 141, quietly', async () => {
    await withMesh({ eventsPerNara: 3000 }, async (mesh) => {
      const child = start(SCRIPT, flagsFor(mesh), { env: { NARA_SOUL: mesh.requester.soul } });
      const finished = whenFinished(child);
      child.stdout.once('data', () => child.stdout.destroy());
      expect(await finished).toMatchObject({ status: 141, stderr: '' });
    });
  });
});
