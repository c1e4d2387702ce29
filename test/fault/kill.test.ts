import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxMesh } from '../../src/sandbox/mesh.ts';
import { dumpEvents, namesIn, newBackup, startDump, text } from '../cli/backup-mesh.ts';
import { whenFinished, type Finished } from '../cli/spawn.ts';
import { withMesh } from '../dump/dump-mesh.ts';

/** Starts a dump, and kills it when so many things have happened to the backup's folders. Reads it at each of them. */
async function killAfter(
  mesh: SandboxMesh,
  folder: string,
  path: string,
  changes: number,
): Promise<{ finished: Finished; contents: Set<string> }> {
  await mkdir(`${path}.work`, { mode: 0o700, recursive: true });
  const child = startDump(mesh, '-o', path, '--memory', '20kB');
  let left = changes;
  const contents = new Set<string>();
  const seen = (): void => {
    if (existsSync(path)) contents.add(readFileSync(path, 'utf8'));
    if (left-- === 0) child.kill('SIGKILL');
  };
  const watchers = [folder, `${path}.work`].map((name) => watch(name, seen));
  try {
    return { finished: await whenFinished(child), contents };
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

/** The names in a folder, but for drafts of a lock, which are tidied away when they are old. */
async function besideIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => !name.startsWith('backup.jsonl.lock-'));
}

describe('kill -9', () => {
  test('wherever it comes: the file is the old one or the new one, whole, and the next run makes the same of it', async () => {
    const random = new Prng('kill');
    const options = { naras: 4, eventsPerNara: 1500, faults: { bob: 'lie' } };
    await withMesh(options, async (mesh) => {
      const undisturbed = await newBackup();
      const old = (await dumpEvents(mesh, '--until', '2026-01-10T00:00:00Z')).stdout;
      expect(old).not.toBe('');
      await writeFile(undisturbed.path, old);
      await dumpEvents(mesh, '-o', undisturbed.path);
      const whole = await text(undisturbed.path);

      const places = new Set<string>();
      for (const changes of [0, 1, 2, 3, ...Array.from({ length: 12 }, () => random.integer(0, 120))]) {
        const { folder, path } = await newBackup();
        await writeFile(path, old);
        const { finished, contents } = await killAfter(mesh, folder, path, changes);
        contents.add(await text(path));
        expect([...contents].every((content) => content === old || content === whole)).toBe(true);
        places.add(`${finished.signal ?? 'ended'} ${(await besideIn(folder)).join(' ')}`);

        expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
        expect(await text(path)).toBe(whole);
        expect(await besideIn(folder)).toEqual(['backup.jsonl', 'backup.jsonl.quarantine']);
        expect(await readFile(`${path}.quarantine`, 'utf8')).not.toBe('');
      }
      // It was hit in more than one place: while walking, and while what it wrote lay beside the file.
      expect(places.size).toBeGreaterThan(2);
    });
  });

  test('what the killed run fetched is not lost when its peers have nothing more', async () => {
    await withMesh({ naras: 2, eventsPerNara: 1000 }, async (mesh) => {
      const { folder, path } = await newBackup();
      await killAfter(mesh, folder, path, 12);
      const given = mesh.naras.flatMap((nara) => nara.given).length;
      expect(given).toBeGreaterThan(100);
      const log = (await namesIn(`${path}.work`))[0]!;
      const fetched = (await text(`${path}.work/${log}`))
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{'));
      expect(fetched.length).toBeGreaterThan(50);
      // Now they give nothing that is not older than everything.
      const flags = ['--until', '1970-01-02T00:00:00Z', '--no-checkpoints'];
      expect((await dumpEvents(mesh, '-o', path, ...flags)).status).toBe(0);
      const kept = new Set((await text(path)).split('\n'));
      expect(fetched.filter((line) => !kept.has(line))).toEqual([]);
    });
  });
});
