import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { expect, test } from 'vitest';
import { whenFinished, type Finished } from '../../cli/spawn.ts';
import { INACTIVE_MS } from './control.ts';
import { withOurDump, type OurDump } from './our-dump.ts';
import { backupsSeenBy, whenAsked, whenNoBackupIsSeen, withRealMesh, type RealMesh } from './real-mesh.ts';

/** Starts a dump that takes long, and does something to it while it is on the mesh. */
async function disturb(
  act: (child: ChildProcessWithoutNullStreams) => void,
  check: (mesh: RealMesh, ours: OurDump, finished: Finished) => Promise<void>,
): Promise<void> {
  await withRealMesh({ faults: { carol: 'delay:3000' } }, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      const child = ours.start('--page-size', '50');
      const finished = whenFinished(child);
      await whenAsked(mesh.carol);
      expect(await backupsSeenBy(mesh.alice.node)).toMatchObject([{ isOnline: true }]);
      expect(await ours.running()).toContain('tailscaled');
      expect(await ours.leftovers()).toContainEqual(expect.stringMatching(/^mesh-backup-mesh-/));
      act(child);
      await check(mesh, ours, await finished);
    });
  });
}

test('kill -9: its tailscaled ends, its folder goes, and the others see it no more', async () => {
  await disturb(
    (child) => child.kill('SIGKILL'),
    async (mesh, ours) => {
      await ours.whenClean();
      await whenNoBackupIsSeen(mesh, mesh.homes, INACTIVE_MS + 10_000);
    },
  );
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: what was fetched is written, and it leaves', async (signal, status) => {
  await disturb(
    (child) => child.kill(signal),
    async (mesh, ours, finished) => {
      expect(finished.status).toBe(status);
      expect((await ours.lines()).length).toBeGreaterThan(0);
      expect(await ours.running()).toEqual([]);
      expect(await ours.leftovers()).toEqual([]);
      await whenNoBackupIsSeen(mesh);
    },
  );
});
