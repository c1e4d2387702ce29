import { watch } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkDump } from '../../src/sandbox/check-dump.ts';
import { dumpEvents, linesOf, namesIn, newBackup, startDump, text } from '../cli/backup-mesh.ts';
import { whenFinished, whenSaid } from '../cli/spawn.ts';
import { withMesh } from '../dump/dump-mesh.ts';

describe('SIGINT', () => {
  test('once: what was fetched stands in the file, what is missing is said, 130', async () => {
    await withMesh({ faults: { bob: 'hang:1' } }, async (mesh) => {
      const { folder, path } = await newBackup();
      const child = startDump(mesh, '-o', path, '-verbose');
      const finished = whenFinished(child);
      await whenSaid(child, '[2/3]');
      child.kill('SIGINT');
      const { status, stderr } = await finished;
      expect(status).toBe(130);
      expect(stderr).toMatch(/Failed to fetch from bob.*Stopped/);
      const given = mesh.naras.flatMap((nara) => nara.given);
      expect(checkDump(given, await linesOf(path))).toMatchObject({ missing: 0, foreign: 0 });
      expect(await namesIn(folder)).toEqual(['backup.jsonl']);
    });
  });

  test('before anything was given: nothing is replaced', async () => {
    await withMesh({ naras: 1, faults: { alice: 'hang:1' } }, async (mesh) => {
      const { folder, path } = await newBackup();
      const child = startDump(mesh, '-o', path, '-verbose');
      const finished = whenFinished(child);
      await whenSaid(child, 'Discovered');
      child.kill('SIGINT');
      expect((await finished).status).toBe(130);
      expect(await namesIn(folder)).toEqual([]);
    });
  });

  test('twice: at once, and the next run picks up what is left', async () => {
    await withMesh({ naras: 3, eventsPerNara: 3000 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const child = startDump(mesh, '-o', path, '-verbose');
      const finished = whenFinished(child);
      const watcher = watch(folder, (_, name) => {
        if (name !== 'backup.jsonl.part') return;
        child.kill('SIGINT');
        child.kill('SIGINT');
        watcher.close();
      });
      const { status } = await finished;
      watcher.close();
      expect(status).toBe(130);
      expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
      expect(await text(path)).toBe((await dumpEvents(mesh)).stdout);
      expect(await namesIn(folder)).toEqual(['backup.jsonl']);
    });
  });
});

test('a peer that fails in the first run and answers in the second', async () => {
  const { folder, path } = await newBackup();
  await withMesh({ eventsPerNara: 3000, faults: { bob: 'cut:2' } }, async (mesh) => {
    expect((await dumpEvents(mesh, '-o', path)).status).toBe(3);
    expect(await namesIn(folder)).toEqual(['backup.jsonl']);
  });
  const first = await linesOf(path);
  // The same mesh, by its seed, on a better day.
  await withMesh({ eventsPerNara: 3000 }, async (mesh) => {
    expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
    const second = await text(path);
    expect(second).toBe((await dumpEvents(mesh)).stdout);
    const lines = new Set(second.split('\n'));
    expect(first.filter((line) => !lines.has(line))).toEqual([]);
    expect(first.length).toBeLessThan(lines.size - 1);
  });
});
