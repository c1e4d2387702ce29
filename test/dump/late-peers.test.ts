import { expect, it } from 'vitest';
import { parsePeer, type PeerAddress } from '../../src/mesh/peer-list.ts';
import { dumpMesh, withMesh } from './dump-mesh.ts';

const EVENTS = 300;

it('peers that come late are walked, too, until none comes, and only after the others', async () => {
  await withMesh({ eventsPerNara: EVENTS }, async (mesh) => {
    const peers = mesh.naras.map(({ name, url }) => parsePeer(`${name}=${url}`));
    const rounds: PeerAddress[][] = [[peers[1]!], [peers[2]!], []];
    const told: string[] = [];
    const whole = await dumpMesh(mesh);
    const late = await dumpMesh(mesh, {
      peers: [peers[0]!],
      latePeers: () => {
        told.push('asked');
        return Promise.resolve(rounds.shift()!);
      },
      observer: {
        peersAdded: (added) => told.push(`added ${added[0]!.name!}`),
        peerEnded: ({ label }) => told.push(`ended ${label}`),
      },
    });
    expect(late.text).toBe(whole.text);
    expect(told).toEqual([
      'ended alice',
      ...['asked', 'added bob', 'ended bob'],
      ...['asked', 'added carol', 'ended carol'],
      'asked',
    ]);
    expect(late.summary.peers.map(({ label }) => label)).toEqual(['alice', 'bob', 'carol']);
  });
});

it('who has ever more peers is not asked for ever, and after a stop not at all', async () => {
  await withMesh({ eventsPerNara: EVENTS }, async (mesh) => {
    const [peer] = mesh.naras.map(({ url }) => parsePeer(url));
    let asked = 0;
    const latePeers = (): Promise<PeerAddress[]> => {
      asked++;
      return Promise.resolve([peer!]);
    };
    const { summary } = await dumpMesh(mesh, { peers: [peer!], latePeers });
    expect([asked, summary.peers.length]).toEqual([5, 6]);
    const stop = new AbortController();
    const observer = {
      peerEnded: () => {
        stop.abort();
      },
    };
    await dumpMesh(mesh, { peers: [peer!], latePeers, observer, signal: stop.signal });
    expect(asked).toBe(5);
  });
});

it('only peers for whom there is a way to be introduced are given it', async () => {
  await withMesh({ eventsPerNara: EVENTS }, async (mesh) => {
    const introduced: string[] = [];
    await dumpMesh(mesh, {
      requester: { name: 'stranger', keypair: mesh.requester },
      introduce: ({ name }) => {
        if (name !== 'bob') return undefined;
        return (ask) => {
          introduced.push(name);
          return ask();
        };
      },
    });
    expect(introduced).toEqual(['bob']);
  });
});
