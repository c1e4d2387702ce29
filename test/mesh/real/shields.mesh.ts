import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { whenFinished } from '../../cli/spawn.ts';
import { withOurDump } from './our-dump.ts';
import { backupsSeenBy, whenAsked, withRealMesh } from './real-mesh.ts';

test('a scan from another node finds nothing of this machine behind ours, and all of it behind another', async () => {
  const service = createServer((socket) => socket.end('private'));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  await withRealMesh({ faults: { carol: 'delay:4000' } }, async (mesh) => {
    await withOurDump(mesh, async (ours) => {
      const { alice, bob, carol } = mesh;
      const localPorts = mesh.homes.map(({ nara }) => Number(new URL(nara.url).port));
      const ports = [7433, port, ...localPorts];
      const child = ours.start('--page-size', '50');
      const finished = whenFinished(child);
      await whenAsked(carol);
      const [backup] = await backupsSeenBy(alice.node);
      expect(backup).toMatchObject({ isOnline: true });
      expect(await alice.node.scan(backup!.address, ports)).toEqual([]);
      expect(await alice.node.scan(bob.node.address, ports)).toEqual(ports);
      expect(await backupsSeenBy(alice.node)).toMatchObject([{ isOnline: true }]); // it was there all the time
      child.kill('SIGINT');
      await finished;
    });
  });
  service.close();
});
