import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RESERVE_BYTES } from '../../src/jsonl/free-space.ts';
import { flagsFor, dumpEvents, newBackup, text } from '../cli/backup-mesh.ts';
import { run } from '../cli/spawn.ts';
import { withMesh } from '../dump/dump-mesh.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';

describe.skipIf(onSmallDisk === undefined)('a full disk', () => {
  test.each([
    ['while walking', 0.5, 0],
    ['while writing', 1, 0.5],
  ])('%s: nothing that is there is lost, and with room the next run completes it', async (_, log, part) => {
    await withMesh({ naras: 4, eventsPerNara: 3000 }, async (mesh) => {
      const { folder } = await newBackup();
      const whole = (await dumpEvents(mesh)).stdout;
      const old = `${whole.split('\n')[0]}\n`;
      await writeFile(join(folder, 'old'), old);
      const script = [
        'cp old /mnt/backup.jsonl',
        '"$@" -o /mnt/backup.jsonl',
        'echo "first $?" >&2',
        'cp /mnt/backup.jsonl between',
        'ls -A /mnt > names',
        'mount -o remount,size=64m /mnt',
        '"$@" -o /mnt/backup.jsonl -verbose',
        'echo "second $?" >&2',
        'cp /mnt/backup.jsonl after',
      ].join('\n');
      const dump = [process.execPath, new URL('../../bin/dump-events.js', import.meta.url).pathname];
      const given = mesh.naras.flatMap((nara) => nara.given).join('\n').length;
      const words = onSmallDisk!(`size=${Math.ceil(RESERVE_BYTES + log * given + part * whole.length)}`);
      const { stderr } = await run(
        words[0]!,
        [...words.slice(1), 'sh', '-c', script, 'sh', ...dump, ...flagsFor(mesh, [])],
        { isScript: false, cwd: folder, env: { NARA_SOUL: mesh.requester.soul } },
      );
      expect(stderr).toContain('first 16');
      expect(stderr).toContain('No room');
      expect(await text(join(folder, 'between'))).toBe(old);
      expect((await text(join(folder, 'names'))).split('\n')).not.toContain('backup.jsonl.part');
      expect(stderr).toContain('second 0');
      expect(await text(join(folder, 'after'))).toBe(whole);
      // What the first run had written down was of use.
      expect(stderr).toMatch(/[1-9][\d,]* came from runs that were cut short/);
    });
  });
});
