import { expect, test } from 'vitest';
import { checkDump } from '../../../src/sandbox/check-dump.ts';
import { withOurDump } from './our-dump.ts';
import { whenNoBackupIsSeen, withRealMesh, type Home } from './real-mesh.ts';
import { until } from './until.ts';

function knows({ nara }: Home, name: string): boolean {
  return nara.keys.has(name);
}

test('a name that nobody knows is refused, and nobody who calls back is answered', async () => {
  await withRealMesh({}, async (mesh) => {
    await withOurDump(
      mesh,
      async (ours) => {
        const { status, stderr } = await ours.run();
        expect(status).toBe(15);
        expect(stderr.match(/PEER_UNKNOWN_SENDER/g)?.length).toBeGreaterThanOrEqual(3);
        for (const home of mesh.homes) {
          // They did try, so that being answered was possible.
          expect(home.callBacks.tried).toBeGreaterThan(0);
          expect(home.callBacks.answered).toBe(0);
          expect(knows(home, mesh.stranger.name)).toBe(false);
        }
        await whenNoBackupIsSeen(mesh);
        await ours.whenClean();
      },
      mesh.stranger,
    );
  });
});

test('--introduce all: all of them call back, learn the key, and give what they hold', async () => {
  await withRealMesh({}, async (mesh) => {
    await withOurDump(
      mesh,
      async (ours) => {
        const { status } = await ours.run('--introduce', 'all');
        expect(status).toBe(0);
        for (const home of mesh.homes) {
          expect(home.callBacks.answered).toBeGreaterThan(0);
          expect(home.nara.keys.get(mesh.stranger.name)).toBe(mesh.stranger.publicKey);
        }
        const held = mesh.homes.flatMap(({ nara }) => nara.ledger.map(({ line }) => line));
        expect(checkDump(held, await ours.lines())).toMatchObject({ missing: 0, foreign: 0, doubled: 0 });
        await whenNoBackupIsSeen(mesh);
        await ours.whenClean();
      },
      mesh.stranger,
    );
  });
});

test('--introduce bob: he alone learns the key, whoever else calls back meanwhile', async () => {
  // bob takes his time where he is answered, so that the others find the door open if it is open to all.
  const beforeCallBack = async ({ nara, callBacks }: Home, homes: readonly Home[]): Promise<void> => {
    if (nara.name !== 'bob' || callBacks.tried < 2) return;
    const others = homes.filter((home) => home.nara !== nara).map((home) => home.callBacks);
    await until('the others have called back again', 3_000, () =>
      others.every(({ answered, failed }) => answered + failed >= 2),
    ).catch(() => undefined); // they need not call
  };
  await withRealMesh({ beforeCallBack }, async (mesh) => {
    await withOurDump(
      mesh,
      async (ours) => {
        const { status, stderr } = await ours.run('--introduce', 'bob');
        expect(mesh.homes.map((home) => knows(home, mesh.stranger.name))).toEqual([false, true, false]);
        expect(stderr.match(/PEER_UNKNOWN_SENDER/g)?.length).toBeGreaterThanOrEqual(2);
        expect(status).toBe(3);
      },
      mesh.stranger,
    );
  });
});

test('--introduce where all know the name: nobody calls back', async () => {
  await withRealMesh({}, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      expect((await ours.run('--introduce', 'all')).status).toBe(0);
      expect(mesh.homes.map(({ callBacks }) => callBacks.tried)).toEqual([0, 0, 0]);
    });
  });
});
