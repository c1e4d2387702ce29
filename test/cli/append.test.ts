import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { withMesh } from '../dump/dump-mesh.ts';
import { dumpEvents, linesOf, namesIn, newBackup, shell, text } from './backup-mesh.ts';

describe.skipIf(process.platform === 'win32')('-ids-from F >> F', () => {
  const append = '"$@" -ids-from backup.jsonl >> backup.jsonl';

  test('nights on a quiet mesh add nothing, not even to an empty or compressed one', async () => {
    await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
      const { folder, path } = await newBackup();
      const all = (await dumpEvents(mesh)).stdout;
      for (const night of [1, 2, 3]) {
        expect(await shell(mesh, append, folder), `night ${night}`).toMatchObject({ status: 0, stdout: '' });
        expect(await text(path)).toBe(all);
      }
      expect(await namesIn(folder)).toEqual(['backup.jsonl']);

      await writeFile(path, gzipSync(all));
      const before = await readFile(path);
      await shell(mesh, append.replace('"$@"', '"$@" --gzip'), folder);
      expect(await readFile(path)).toEqual(before);
    });
  });

  test('a last line that was left torn is closed off', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const all = (await dumpEvents(mesh)).stdout;
      const torn = all.slice(0, all.indexOf('\n', 20_000) - 10);
      await writeFile(path, torn);
      expect(await shell(mesh, append, folder)).toMatchObject({ status: 0 });
      const lines = await linesOf(path);
      const whole = torn.split('\n').slice(0, -1);
      expect(lines.slice(0, whole.length)).toEqual(whole);
      expect(lines[whole.length]).toBe(torn.split('\n').at(-1));
      expect([...whole, ...lines.slice(whole.length + 1)].join('\n')).toBe(all.trimEnd());
    });
  });

  test('a better copy of what it has is added, once', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const lines = (await dumpEvents(mesh)).stdout.split('\n').slice(0, -1);
      // Greetings of this nara: its key is known, so that its signature counts.
      const signed = lines.filter((line) => line.includes('"emitter":"alice"') && line.includes('"sig"'));
      expect(signed.length).toBeGreaterThan(0);
      const stripped = lines.map((line) =>
        signed.includes(line) ? line.replace(/"sig":"[^"]*",/, '') : line,
      );
      await writeFile(path, `${stripped.join('\n')}\n`);
      await shell(mesh, append, folder);
      expect(await linesOf(path)).toEqual([...stripped, ...signed]);
      await shell(mesh, append, folder);
      expect(await linesOf(path)).toEqual([...stripped, ...signed]);
    });
  });

  test('a compressed one wants --gzip, a plain one does not; a damaged one cannot be appended to', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const lines = (await dumpEvents(mesh)).stdout.split('\n').slice(0, -1);
      const half = gzipSync(`${lines.slice(0, 100).join('\n')}\n`);
      await writeFile(path, half);
      const plain = await shell(mesh, append, folder);
      expect(plain.status).toBe(2);
      expect(plain.stderr).toContain('--gzip');
      expect(await readFile(path)).toEqual(half);

      expect((await shell(mesh, `"$@" --gzip -ids-from backup.jsonl >> backup.jsonl`, folder)).status).toBe(
        0,
      );
      const bytes = await readFile(path);
      expect(bytes.subarray(0, half.length)).toEqual(half);
      expect(gunzipSync(bytes).toString()).toBe(`${lines.join('\n')}\n`);

      await writeFile(path, `${lines[0]}\n`);
      const mixed = await shell(mesh, `"$@" --gzip -ids-from backup.jsonl >> backup.jsonl`, folder);
      expect(mixed.status).toBe(2);
      expect(await text(path)).toBe(`${lines[0]}\n`);

      const torn = half.subarray(0, half.length - 30);
      await writeFile(path, torn);
      const damaged = await shell(mesh, `"$@" --gzip -ids-from backup.jsonl >> backup.jsonl`, folder);
      expect(damaged.status).toBe(13);
      expect(damaged.stderr).toContain('-o ');
      expect(await readFile(path)).toEqual(torn);
    });
  });

  test('two at once: the second ends with 11 and adds nothing', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const all = (await dumpEvents(mesh)).stdout;
      const both = await shell(
        mesh,
        `${append} & ${append}; first=$?; wait $!; echo "$first $?" >&2`,
        folder,
      );
      const statuses = both.stderr.trim().split('\n').at(-1)!.split(' ').sort();
      expect([
        ['0', '0'],
        ['0', '11'],
      ]).toContainEqual(statuses); // they may also have missed one another
      expect(await text(path)).toBe(all);
    });
  });
});

describe.skipIf(process.platform !== 'linux')('-ids-from F > F, where >> was meant', () => {
  test('says so, dumps everything, and ends with 3', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      await writeFile(path, 'all that was\n');
      const all = (await dumpEvents(mesh)).stdout; // the file is older than the next run by this one
      const finished = await shell(mesh, '"$@" -ids-from backup.jsonl > backup.jsonl', folder);
      expect(finished.status).toBe(3);
      expect(finished.stderr).toContain('>>');
      expect(await text(path)).toBe(all);
    });
  });

  test('a new file, and an empty one that is appended to, are no mistake', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const fresh = await shell(mesh, '"$@" -ids-from backup.jsonl > backup.jsonl', folder);
      expect(fresh).toMatchObject({ status: 0, stderr: '' });
      await writeFile(path, '');
      await dumpEvents(mesh);
      const appended = await shell(mesh, '"$@" -ids-from backup.jsonl >> backup.jsonl', folder);
      expect(appended).toMatchObject({ status: 0, stderr: '' });
    });
  });
});
