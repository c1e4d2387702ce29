import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeMeshFolder, meshPlaces } from '../../src/mesh/mesh-folder.ts';
import { failureOf } from './asking.ts';

function makePlace(): string {
  const place = mkdtempSync('/tmp/mesh-test-');
  onTestFinished(() => {
    rmSync(place, { recursive: true });
  });
  return place;
}

describe('the folder of a tailscaled', () => {
  it('is for nobody else', async () => {
    const place = makePlace();
    const folder = await makeMeshFolder([place]);
    expect(folder).toMatch(new RegExp(`^${place}/mesh-backup-mesh-.{6}$`));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is in XDG_RUNTIME_DIR where that is a folder of ours', async () => {
    const place = makePlace();
    const link = join(place, 'link');
    symlinkSync(place, link);
    expect(await meshPlaces({ XDG_RUNTIME_DIR: place })).toEqual([place, tmpdir()]);
    for (const env of [{}, { XDG_RUNTIME_DIR: '/nowhere' }, { XDG_RUNTIME_DIR: link }]) {
      expect(await meshPlaces(env)).toEqual([tmpdir()]);
    }
  });

  it('has a path that is short enough for a socket', async () => {
    const place = makePlace();
    // 103 bytes with what comes after it: 1 + 17 + 6 + 1 + 6
    const fits = join(place, 'x'.repeat(103 - 31 - place.length - 1));
    const isLong = join(place, 'é'.repeat(Math.ceil((103 - 31 - place.length) / 2)));
    for (const path of [fits, isLong]) mkdirSync(path);
    expect(await makeMeshFolder([isLong, fits])).toContain(fits);
    const failure = await failureOf(makeMeshFolder([isLong]));
    expect(failure.code).toBe('MESH_DAEMON');
    expect(failure.hint).toContain('TMPDIR');
  });

  it('that cannot be made is named', async () => {
    expect((await failureOf(makeMeshFolder(['/nowhere']))).code).toBe('TEMPORARY_FILE');
  });
});
