import { expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import type { Discovery, FoundNara } from '../../src/mesh/discover.ts';
import { enterMesh, type Entry, type EntryOptions } from '../../src/mesh/enter-mesh.ts';
import type { OwnSettings } from '../../src/mesh/own.ts';
import { startStatus } from './local-api-server.ts';
import { expectNothingLeft, FAKE, KEY, makeGround, type Ground } from './own-mesh.ts';

const SIGNAL = new AbortController().signal;
const RUNNING = { BackendState: 'Running', CurrentTailnet: { Name: 'host.test' }, Peer: {} };
const NOBODY: Discovery = { naras: [], silent: [], others: 0 };
const BOB: FoundNara = {
  peer: { url: new URL('http://100.64.0.2:7433'), name: 'bob', publicKey: undefined },
  hostName: 'bob-b1b1',
  key: undefined,
};

type Found = 'host' | 'own';

interface Tried {
  readonly entry: Entry | undefined;
  readonly error: MeshBackupError | undefined;
  /** The ways by which somebody looked who is there. */
  readonly looked: readonly string[];
}

function ownOf({ env }: Ground): OwnSettings {
  return {
    tailscaled: FAKE,
    loginServer: 'https://mesh.test',
    authKey: KEY,
    joinTimeoutMs: 30_000,
    env,
    signal: SIGNAL,
  };
}

/** `inhabited`: by which ways there are naras. */
async function enter(
  way: EntryOptions['way'],
  { host, ground, inhabited = [] }: { host?: unknown; ground?: Ground; inhabited?: readonly Found[] },
): Promise<Tried> {
  const socketPath = host === undefined ? '/nowhere/s.sock' : (await startStatus(host)).socketPath;
  const looked: string[] = [];
  try {
    const entry = await enterMesh({
      way,
      host: { socketPath, signal: SIGNAL },
      own: () => Promise.resolve(ground && ownOf(ground)),
      look: (membership) => {
        looked.push(membership.way);
        return Promise.resolve(inhabited.includes(membership.way) ? { ...NOBODY, naras: [BOB] } : NOBODY);
      },
    });
    await entry.membership.leave();
    return { entry, error: undefined, looked };
  } catch (error) {
    if (!(error instanceof MeshBackupError)) throw error;
    return { entry: undefined, error, looked };
  }
}

it("auto: this machine's tailnet, where naras are on it; nobody else joins", async () => {
  const ground = makeGround();
  const { entry, looked } = await enter('auto', { host: RUNNING, ground, inhabited: ['host', 'own'] });
  expect([entry?.membership.way, entry?.status.tailnet, looked]).toEqual(['host', 'host.test', ['host']]);
  expect(ground.entries()).toEqual([]);
});

it('auto: one of our own, where this machine is on no tailnet, or on one without naras', async () => {
  for (const host of [undefined, RUNNING, { BackendState: 'Stopped' }]) {
    const ground = makeGround();
    const { entry } = await enter('auto', { host, ground, inhabited: ['own'] });
    expect(entry?.membership.way).toBe('own');
    await expectNothingLeft(ground);
  }
});

it('auto: a tailnet without naras is the answer where there is no key for another', async () => {
  const { entry } = await enter('auto', { host: RUNNING });
  expect([entry?.membership.way, entry?.discovery.naras]).toEqual(['host', []]);
});

it('auto: no way at all names all three, and why the first is none', async () => {
  const { error } = await enter('auto', { host: { BackendState: 'NeedsLogin' } });
  expect(error).toMatchObject({ code: 'MESH_NO_WAY', exitStatus: 14 });
  expect(error?.hint).toContain("(this machine's tailscaled is not connected (state NeedsLogin))");
});

it('a way that is named is the only one', async () => {
  const ground = makeGround();
  expect((await enter('host', { ground })).error?.code).toBe('MESH_NO_DAEMON');
  expect(ground.entries()).toEqual([]);
  const { entry, looked } = await enter('host', { host: RUNNING, ground });
  expect([entry?.membership.way, looked]).toEqual(['host', ['host']]);
  expect((await enter('own', { host: RUNNING, inhabited: ['host'] })).error?.code).toBe('MESH_KEY_MISSING');
  expect((await enter('own', { host: RUNNING, ground })).looked).toEqual(['own']);
  await expectNothingLeft(ground);
});

it('leaves when the look fails', async () => {
  const ground = makeGround();
  const failing = enterMesh({
    way: 'own',
    host: { socketPath: '/nowhere/s.sock', signal: SIGNAL },
    own: () => Promise.resolve(ownOf(ground)),
    look: () => Promise.reject(new MeshBackupError('INTERRUPTED', 'Stopped.')),
  });
  await expect(failing).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(ground.calls()).toContain('POST logout');
  await expectNothingLeft(ground);
});
