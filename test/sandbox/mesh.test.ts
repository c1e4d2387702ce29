import { expect, it } from 'vitest';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startMesh } from '../../src/sandbox/mesh.ts';
import { cursorIn, linesIn, send, sync } from './client.ts';

it('starts naras that all know the requester, each with its own ledger and faults', async () => {
  const faults = new Map([['carol', [parseFault('status:500')]]]);
  const mesh = await startMesh({ naras: 3, eventsPerNara: 50, seed: 3, faults });
  try {
    expect(mesh.naras.map(({ name }) => name)).toEqual(['alice', 'bob', 'carol']);
    expect(mesh.requester.name).toBe('alice');
    const answers = await Promise.all(mesh.naras.map((nara) => sync(nara, mesh.requester)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500]);
    for (const index of [0, 1]) {
      expect(linesIn(answers[index]!.body)).toEqual(mesh.history.ledgers[index]!.map(({ line }) => line));
    }
    const pings = await Promise.all(
      mesh.naras.map((nara) => send(nara.url, { method: 'GET', path: '/ping' })),
    );
    const shown = pings.map(({ body }) => (JSON.parse(body) as { public_key: string }).public_key);
    expect(shown).toEqual(mesh.naras.map((nara) => nara.publicKey));
  } finally {
    await mesh.close();
  }
  await expect(sync(mesh.naras[0]!, mesh.requester)).rejects.toThrow();
});

it('refuses faults of a nara that is not there', async () => {
  const faults = new Map([['zoe', [parseFault('cut')]]]);
  await expect(startMesh({ naras: 1, eventsPerNara: 1, faults })).rejects.toMatchObject({ code: 'USAGE' });
});

it('has room for a thousand naras', async () => {
  const mesh = await startMesh({ naras: 1000, eventsPerNara: 5 });
  try {
    const last = mesh.naras.at(-1)!;
    expect(last.name).toBe('nara-1000');
    expect(linesIn((await sync(last, mesh.requester)).body)).toHaveLength(5);
  } finally {
    await mesh.close();
  }
});

it('loses events to plain paging, and none to an overlap of one nanosecond', async () => {
  const mesh = await startMesh({ naras: 2, eventsPerNara: 95, pageSize: 20 });
  const nara = mesh.naras[1]!;
  const walk = async (overlapNs: bigint): Promise<Set<string>> => {
    const lines = new Set<string>();
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const { body } = await sync(nara, mesh.requester, { mode: 'page', page_size: 20, cursor });
      for (const line of linesIn(body)) lines.add(line);
      const next = cursorIn(body);
      cursor = next === undefined ? undefined : String(BigInt(next) - overlapNs);
    }
    return lines;
  };
  try {
    expect((await walk(0n)).size).toBeLessThan(95);
    expect(await walk(1n)).toEqual(new Set(nara.ledger.map(({ line }) => line)));
    expect(new Set(nara.given)).toEqual(new Set(nara.ledger.map(({ line }) => line)));
  } finally {
    await mesh.close();
  }
});
