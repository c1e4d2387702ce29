import { expect, test } from 'vitest';
import { checkDump } from '../../../src/sandbox/check-dump.ts';
import { joinNode } from './node.ts';
import { withOurDump } from './our-dump.ts';
import { whenNoBackupIsSeen, withRealMesh } from './real-mesh.ts';

test('with no peers named: joins, finds all naras, fetches what they remember, and is gone', async () => {
  await withRealMesh({}, async (mesh) => {
    const printer = await joinNode(mesh.control, { hostName: 'printer' }); // nobody listens there
    await withOurDump(mesh, async (ours) => {
      const { status, stderr } = await ours.run('-verbose', '--join-timeout', '30s');
      expect(stderr).toContain('Discovered 3 peers');
      expect(status).toBe(0);
      const lines = await ours.lines();
      const held = mesh.homes.flatMap(({ nara }) => nara.ledger.map(({ line }) => line));
      expect(checkDump(held, lines)).toEqual({
        events: lines.length,
        missing: 0,
        foreign: 0,
        doubled: 0,
        disordered: 0,
      });
      expect(mesh.homes.map(({ callBacks }) => callBacks.tried)).toEqual([0, 0, 0]);
      await whenNoBackupIsSeen(mesh);
      await ours.whenClean();
    });
    await printer.kill();
  });
});
