import { expect, test } from 'vitest';
import { checkDump } from '../../../src/sandbox/check-dump.ts';
import { whenFinished } from '../../cli/spawn.ts';
import { withOurDump, type OurDump } from './our-dump.ts';
import { whenAsked, whenNoBackupIsSeen, withRealMesh, type Home, type RealMesh } from './real-mesh.ts';
import { until } from './until.ts';

const QUICK = ['-verbose', '--ping-timeout', '2s', '--connect-timeout', '5s'];

/** All that these gave is there, and they gave all that they have. */
async function expectAllOf(homes: readonly Home[], ours: OurDump): Promise<void> {
  const held = homes.flatMap(({ nara }) => nara.ledger.map(({ line }) => line));
  expect(checkDump(held, await ours.lines())).toMatchObject({ missing: 0, doubled: 0, disordered: 0 });
}

async function expectClean(mesh: RealMesh, ours: OurDump): Promise<void> {
  await whenNoBackupIsSeen(mesh, [mesh.alice, mesh.bob]);
  await ours.whenClean();
}

test('a peer that is offline costs no time, and is missed by whoever met it', async () => {
  await withRealMesh({}, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      const { alice, bob, carol } = mesh;
      expect((await ours.run()).status).toBe(0);
      const asked = carol.nara.requests.length;
      await carol.node.kill();
      await until('carol is seen as offline', 15_000, async () =>
        (await alice.node.status()).machines.some(
          ({ hostName, isOnline }) => hostName === carol.node.hostName && !isOnline,
        ),
      );
      const { status, stderr } = await ours.run(...QUICK);
      expect(stderr).toContain('Discovered 2 peers');
      expect(stderr).toMatch(/carol was here on .*, not today/);
      expect(status).toBe(0);
      expect(carol.nara.requests).toHaveLength(asked);
      await expectAllOf([alice, bob], ours);
      await expectClean(mesh, ours);
    });
  });
});

test('a peer that is online and silent is given up by our own time-outs, and named', async () => {
  await withRealMesh({}, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      const { alice, bob, carol } = mesh;
      carol.node.freeze();
      const { status, stderr } = await ours.run(...QUICK);
      expect(stderr).toContain('Discovered 2 peers');
      expect(stderr).toContain(`no answer from ${carol.node.hostName}`);
      expect(status).toBe(0);
      await expectAllOf([alice, bob], ours);
      await expectClean(mesh, ours);
    });
  });
});

test('a peer that falls silent while it is walked is given up, and what is missing is said', async () => {
  await withRealMesh({ faults: { carol: 'delay:1000' } }, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      const { alice, bob, carol } = mesh;
      const child = ours.start('-timeout', '15s', '--page-size', '50');
      const finished = whenFinished(child);
      await whenAsked(carol);
      carol.node.freeze();
      const { status, stderr } = await finished;
      expect(stderr).toMatch(/carol.*PEER_(TIMEOUT|SILENT|UNREACHABLE)/);
      expect(status).toBe(3);
      await expectAllOf([alice, bob], ours);
      await expectClean(mesh, ours);
    });
  });
});
