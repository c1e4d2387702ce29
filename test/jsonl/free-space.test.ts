import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assertRoom, RESERVE_BYTES } from '../../src/jsonl/free-space.ts';
import { BUILT, runModule } from './node-child.ts';
import { onSmallDisk } from './small-disk.ts';

test('what there is room for passes, what there is none for does not', () => {
  assertRoom(tmpdir(), 0);
  expect(() => {
    assertRoom(tmpdir(), 2 ** 52, 'Buy a disk.');
  }).toThrow(
    expect.objectContaining({
      code: 'NO_ROOM',
      exitStatus: 16,
      hint: 'Buy a disk.',
      message: expect.stringMatching(
        /^No room left in .+: 4294967296 MiB needed and 16 MiB to spare, \d+ MiB free\.$/,
      ) as string,
    }) as Error,
  );
});

test('a folder that tells nothing passes', () => {
  assertRoom(join(tmpdir(), 'mesh-backup-there-is-no-such-folder'), 1);
  if (process.platform === 'linux') assertRoom('/proc', 1);
});

test.skipIf(onSmallDisk === undefined)('some room is left for others', async () => {
  const code = `import { assertRoom } from '${BUILT}free-space.js';
    assertRoom('/mnt', 2 ** 20);
    try { assertRoom('/mnt', 2 ** 20 + 1); } catch (error) { console.log(error.code); }`;
  const through = onSmallDisk!(`size=${RESERVE_BYTES + 2 ** 20}`);
  expect(await runModule(code, { through })).toBe('NO_ROOM\n');
});
