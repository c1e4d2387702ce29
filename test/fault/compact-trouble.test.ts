import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RESERVE_BYTES } from '../../src/jsonl/free-space.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { newBackup, text } from '../cli/backup-mesh.ts';
import { run } from '../cli/spawn.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';

const LINES = makeHistory({ naras: 3, eventsPerNara: 6000 }).ledgers.flatMap((ledger) =>
  ledger.map(({ line }) => line),
);
const MIXED = `${new Prng('trouble').sample(LINES, LINES.length).join('\n')}\n`;
const OLD = `${LINES[0]!}\n`;

test.skipIf(onSmallDisk === undefined)('a compaction on a full disk: 16, and OUT is as it was', async () => {
  const { folder } = await newBackup();
  await writeFile(join(folder, 'in'), MIXED);
  await writeFile(join(folder, 'old'), OLD);
  const script = [
    'cp old /mnt/out',
    '"$@" compact in -o /mnt/out --memory 1MB',
    'echo "status $?" >&2',
    'cp /mnt/out after',
    'ls -A /mnt > names',
  ].join('\n');
  const words = onSmallDisk!(`size=${Math.ceil(RESERVE_BYTES + 1.2 * MIXED.length)}`);
  const cli = [process.execPath, new URL('../../bin/mesh-backup.js', import.meta.url).pathname];
  const { stderr } = await run(words[0]!, [...words.slice(1), 'sh', '-c', script, 'sh', ...cli], {
    isScript: false,
    cwd: folder,
  });
  expect(stderr).toContain('status 16');
  expect(stderr).toContain('oom');
  expect(await text(join(folder, 'after'))).toBe(OLD);
  expect(await text(join(folder, 'names'))).toBe('out\n');
});
