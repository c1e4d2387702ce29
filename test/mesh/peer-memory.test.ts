import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PeerMemory } from '../../src/mesh/peer-memory.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-03-03T12:00:00Z');
const bob = { name: 'bob', publicKey: 'KB', url: 'http://100.64.0.2:7433/' };
const carol = { name: 'carol', publicKey: 'KC', url: 'http://100.64.0.3:7433/' };

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'state', 'mesh-backup', 'peers.json');
}

async function note(path: string, tailnet: string, met: (typeof bob)[], nowMs: number): Promise<void> {
  await (await PeerMemory.read(path, tailnet)).note(met, nowMs);
}

const namesOf = (memory: PeerMemory): string[] => memory.known.map(({ name }) => name);

it('remembers by tailnet who was met, when first and when last, in a file for us alone', async () => {
  const path = await newPath();
  await note(path, 'lab', [bob, carol], NOW);
  await note(path, 'lab', [{ ...bob, url: 'http://100.64.0.9:7433/' }], NOW + DAY_MS);
  await note(path, '__proto__', [carol], NOW);
  expect((await PeerMemory.read(path, 'lab')).known).toEqual([
    {
      ...bob,
      url: 'http://100.64.0.9:7433/',
      firstSeen: '2026-03-03T12:00:00.000Z',
      lastSeen: '2026-03-04T12:00:00.000Z',
    },
    { ...carol, firstSeen: '2026-03-03T12:00:00.000Z', lastSeen: '2026-03-03T12:00:00.000Z' },
  ]);
  expect(namesOf(await PeerMemory.read(path, '__proto__'))).toEqual(['carol']);
  expect((await PeerMemory.read(path, 'elsewhere')).known).toEqual([]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
});

it('keeps both keys of a name, and what another run noted meanwhile', async () => {
  const path = await newPath();
  const early = await PeerMemory.read(path, 'lab');
  await note(path, 'lab', [bob], NOW);
  await early.note([{ ...bob, publicKey: 'K2' }], NOW + 1);
  expect((await PeerMemory.read(path, 'lab')).known.map(({ publicKey }) => publicKey)).toEqual(['K2', 'KB']);
});

it('forgets after a year, and the longest unseen of too many', async () => {
  const path = await newPath();
  await note(path, 'lab', [bob], NOW);
  await note(path, 'lab', [carol], NOW + 365 * DAY_MS);
  expect(namesOf(await PeerMemory.read(path, 'lab'))).toEqual(['carol']);
  const crowd = Array.from({ length: 2_000 }, (_, number) => ({ ...bob, publicKey: `K${number}` }));
  await note(path, 'lab', crowd, NOW + 366 * DAY_MS);
  const { known } = await PeerMemory.read(path, 'lab');
  expect(known.length).toBe(2_000);
  expect(namesOf(await PeerMemory.read(path, 'lab'))).not.toContain('carol');
});

it('writes nothing for nobody', async () => {
  const path = await newPath();
  await note(path, 'lab', [], NOW);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

it.each(['', 'nonsense', '{}', '{"format":"mesh-backup peers","version":2,"tailnets":[]}', '[]'])(
  'a file that is not ours is neither read nor overwritten: %j',
  async (text) => {
    const path = await newPath();
    await note(path, 'lab', [bob], NOW);
    const memory = await PeerMemory.read(path, 'lab');
    await writeFile(path, text);
    await expect(PeerMemory.read(path, 'lab')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(memory.note([carol], NOW)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);

it('a folder that cannot be made is named', async () => {
  const path = await newPath();
  await note(path, 'lab', [bob], NOW);
  const below = join(path, 'peers.json');
  await expect(PeerMemory.read(below, 'lab')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  const memory = await PeerMemory.read(join(path, '..', 'a', 'b'), 'lab');
  await writeFile(join(path, '..', 'a'), '');
  await expect(memory.note([bob], NOW)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

it('stays readable whatever the tailnet is called, and however many there are', async () => {
  const path = await newPath();
  const huge = 'x'.repeat(1_000_000);
  await note(path, huge, [bob], NOW);
  expect(namesOf(await PeerMemory.read(path, huge))).toEqual(['bob']);
  expect((await stat(path)).size).toBeLessThan(10_000);
  for (let number = 0; number < 20; number++) await note(path, `lab ${number}`, [bob], NOW);
  expect(namesOf(await PeerMemory.read(path, 'lab 3'))).toEqual([]);
  expect(namesOf(await PeerMemory.read(path, 'lab 4'))).toEqual(['bob']);
});

it('two that note at the same time both do', async () => {
  const path = await newPath();
  const crowd = Array.from({ length: 6 }, (_, number) => ({ ...bob, publicKey: `K${number}` }));
  const memory = await PeerMemory.read(path, 'lab');
  await Promise.all(crowd.map((one) => memory.note([one], NOW)));
  expect((await PeerMemory.read(path, 'lab')).known.length).toBe(6);
});
