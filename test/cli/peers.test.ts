import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { withMesh } from '../dump/dump-mesh.ts';
import { flagsFor, newBackup } from './backup-mesh.ts';
import { run, start, whenFinished } from './spawn.ts';

const SCRIPT = 'bin/mesh-backup.js';

const recordsOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);

describe('peers', () => {
  test('a table of all that let us in: 0, and nothing but the table', async () => {
    await withMesh({ faults: { bob: 'legacy' } }, async (mesh) => {
      const env = { NARA_SOUL: mesh.requester.soul };
      const { status, stdout, stderr } = await run(SCRIPT, ['peers', ...flagsFor(mesh, [])], { env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(5);
      expect(lines[0]).toMatch(/^NAME +ADDRESS +ID +KEY +PING +CLOCK +MODE +EVENTS +OLDEST +NEWEST +ACCESS$/);
      expect(lines[1]).toMatch(/^alice .* page +300 +2026-01-\d\d +2026-01-\d\d \d\d:\d\d +yes$/);
      expect(lines[2]).toMatch(/^bob .* legacy +300 /);
      expect(lines[4]).toBe('3 peers: 3 let us in');
      expect(mesh.naras.every(({ lost }) => lost.length === 0)).toBe(true);
    });
  });

  test('--json: a record a peer, in their order, and the summary; 3 where some failed', async () => {
    await withMesh({ faults: { bob: 'wrong-key', carol: 'skew:60' } }, async (mesh) => {
      const env = { NARA_SOUL: mesh.requester.soul };
      const { status, stdout } = await run(SCRIPT, ['peers', ...flagsFor(mesh, ['--json'])], { env });
      expect(status).toBe(3);
      const records = recordsOf(stdout);
      expect(records.map(({ type }) => type)).toEqual(['peer', 'peer', 'peer', 'error', 'summary']);
      const [alice] = mesh.naras;
      expect(records[0]).toMatchObject({
        name: 'alice',
        publicKey: alice!.publicKey,
        isProven: true,
        mode: 'page',
        events: 300,
        isExact: true,
        firstTs: String(alice!.ledger[0]!.tsNs),
        lastTs: String(alice!.ledger.at(-1)!.tsNs),
      });
      expect(records[1]).toMatchObject({ name: 'bob', trouble: { code: 'PEER_SIGNATURE' } });
      expect(records[2]).toMatchObject({ letsUsIn: false, trouble: { code: 'PEER_CLOCK' } });
      expect(records[4]).toMatchObject({ exitStatus: 3, peers: 3, letIn: 1, refused: 1, failed: 1 });
    });
  });

  test('without a soul nobody is asked for events: 0', async () => {
    await withMesh({ naras: 2 }, async (mesh) => {
      const { status, stdout } = await run(SCRIPT, ['peers', '--peer', mesh.naras[0]!.url]);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^alice .* not asked$/m);
      expect(mesh.naras[0]!.requests.map(({ path }) => path)).not.toContain('/events/sync');
    });
  });

  test('another soul: 12; a soul without a name: 2; nobody there: 14', async () => {
    await withMesh({ naras: 2 }, async (mesh) => {
      const env = { NARA_SOUL: mesh.naras[1]!.soul };
      const wrong = await run(SCRIPT, ['peers', ...flagsFor(mesh, [])], { env });
      expect(wrong.status).toBe(12);
      expect(wrong.stdout).toContain('(PEER_WRONG_SOUL)');
      expect(wrong.stderr).not.toContain(mesh.naras[1]!.soul);
      const peer = ['--peer', mesh.naras[0]!.url];
      expect((await run(SCRIPT, ['peers', ...peer], { env })).status).toBe(2);
      await mesh.naras[0]!.close();
      expect((await run(SCRIPT, ['peers', ...peer])).status).toBe(14);
    });
    expect((await run(SCRIPT, ['peers', '--mesh', 'none'])).status).toBe(14);
  });

  test('--watch looks again until it is interrupted: 130', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup('peers');
      await writeFile(path, `alice ${mesh.naras[0]!.url}\n`);
      const child = start(SCRIPT, ['peers', '--peers', path, '--watch=1s'], { cwd: folder });
      const finished = whenFinished(child);
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.split('1 peer:').length > 2) child.kill('SIGINT');
      });
      const { status, stdout } = await finished;
      expect(status).toBe(130);
      expect(stdout.match(/^NAME /gm)?.length).toBeGreaterThanOrEqual(2);
      expect(stdout).not.toContain('\x1b');
    });
    expect((await run(SCRIPT, ['peers', '--watch=10ms'])).status).toBe(2);
  });
});
