import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { withMesh } from '../dump/dump-mesh.ts';
import { dumpEvents, namesIn, newBackup, shell, text } from './backup-mesh.ts';
import { run } from './spawn.ts';

interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

interface Receipt {
  readonly command: readonly string[];
  readonly exitStatus: number;
  readonly file: string | null;
  readonly output: Sum & { readonly lines: number; readonly uncompressed?: Sum };
  readonly before: (Sum & { readonly lines: number }) | null;
  readonly events: Record<string, number>;
  readonly peers: readonly Record<string, unknown>[];
}

/** Reads a receipt, after checking its seal with a library that did not make it. */
async function openReceipt(path: string, key: string): Promise<Receipt> {
  const [payload, seal, ...rest] = (await text(path)).split('\n') as [string, string];
  expect(rest).toEqual(['']);
  const { key: shown, sig } = JSON.parse(seal) as { key: string; sig: string };
  expect(shown).toBe(key);
  const der = Buffer.concat([Buffer.from('MCowBQYDK2VwAyEA', 'base64'), Buffer.from(shown, 'base64')]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const holds = (message: string): boolean =>
    verify(null, Buffer.from(message), publicKey, Buffer.from(sig, 'base64'));
  expect(holds(`mesh-backup:receipt:v1:${payload}`)).toBe(true);
  expect(holds(payload)).toBe(false);
  return JSON.parse(payload) as Receipt;
}

function sumOf(bytes: Buffer): Sum {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

describe('--receipt', () => {
  test('beside a backup: what it is, what it was, and what each peer gave', async () => {
    await withMesh({ eventsPerNara: 3000, faults: { bob: 'cut:2', carol: 'lie' } }, async (mesh) => {
      const { path } = await newBackup();
      const old = mesh.naras[0]!.ledger.slice(0, 50)
        .map(({ line }) => `${line}\n`)
        .join('');
      await writeFile(path, old);
      expect((await dumpEvents(mesh, '-o', path, '--receipt', 'auto')).status).toBe(3);
      const receipt = await openReceipt(`${path}.receipt`, mesh.requester.publicKey);
      const backup = await readFile(path);
      const lines = backup.toString().split('\n').slice(0, -1);
      const times = lines.map((line) => /"ts":(\d+)/.exec(line)![1]);
      expect(receipt).toMatchObject({
        type: 'mesh-backup receipt',
        version: 1,
        requester: 'alice',
        exitStatus: 3,
        file: path,
        output: { ...sumOf(backup), lines: lines.length, firstTs: times[0], lastTs: times.at(-1) },
        before: { ...sumOf(Buffer.from(old)), lines: old.split('\n').length - 1 },
      });
      const { read, written, duplicate, quarantined, filtered } = receipt.events;
      expect(read).toBe(written! + duplicate! + quarantined! + filtered!);
      expect(receipt.peers.map(({ name, state }) => `${name as string} ${state as string}`)).toEqual([
        'alice complete',
        'bob incomplete',
        'carol complete',
      ]);
      expect(receipt.peers[1]).toMatchObject({
        url: mesh.naras[1]!.url + '/',
        publicKey: mesh.naras[1]!.publicKey,
        flaws: [{ code: 'PEER_CUT', fromTs: expect.stringMatching(/^\d{19}$/) as string }],
      });
      for (const field of ['requests', 'bytes', 'events'])
        expect(receipt.peers[0]![field]).toBeGreaterThan(0);
    });
  });

  test('of a compressed backup: both sizes; of a stream: what went through it', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup('backup.jsonl.gz');
      await dumpEvents(mesh, '-o', path, '--receipt', 'auto');
      const packed = await readFile(path);
      const plain = gunzipSync(packed);
      const receipt = await openReceipt(`${path}.receipt`, mesh.requester.publicKey);
      expect(receipt.output).toMatchObject({ ...sumOf(packed), uncompressed: sumOf(plain) });
      expect(receipt.before).toBeNull();

      const streamed = join(folder, 'streamed');
      await dumpEvents(mesh, '--receipt', streamed);
      expect(await openReceipt(streamed, mesh.requester.publicKey)).toMatchObject({
        file: null,
        output: sumOf(plain),
      });
    });
  });

  test('of -ids-from F >> F: what was added, and what was there', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      const lines = (await dumpEvents(mesh)).stdout.split('\n').slice(0, -1);
      const there = `${lines.slice(0, 100).join('\n')}\n`;
      await writeFile(path, there);
      await shell(mesh, '"$@" -ids-from backup.jsonl --receipt receipt >> backup.jsonl', folder);
      const receipt = await openReceipt(join(folder, 'receipt'), mesh.requester.publicKey);
      expect(receipt.before).toMatchObject({ ...sumOf(Buffer.from(there)), lines: 100 });
      expect(receipt.output).toMatchObject(sumOf(Buffer.from((await text(path)).slice(there.length))));
    });
  });

  test('shows no secret, however it was given', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { soul } = mesh.requester;
      const { path } = await newBackup();
      const flags = ['-name', 'alice', '--peer', mesh.naras[0]!.url, '-o', path, '--receipt', 'auto'];
      for (const secret of [['-soul', soul], [`--soul=${soul}`], ['--soul-command', `echo ${soul}`]]) {
        expect((await run('bin/dump-events.js', [...flags, ...secret])).status).toBe(0);
        const receipt = await text(`${path}.receipt`);
        expect(receipt).not.toContain(soul);
        expect(receipt).toContain('=***"');
      }
    });
  });

  test('stays as it is when the backup does, and in a dry run', async () => {
    await withMesh({ naras: 1, faults: { alice: 'status:404' } }, async (mesh) => {
      const { folder, path } = await newBackup();
      await dumpEvents(mesh, '-o', path, '--receipt', 'auto', '--no-checkpoints');
      expect(await namesIn(folder)).toEqual([]);
    });
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      await dumpEvents(mesh, '-o', path, '--receipt', 'auto', '--dry-run');
      expect(await namesIn(folder)).toEqual([]);
    });
  });

  const hasTools =
    spawnSync('sh', ['-c', 'command -v jq && openssl version | grep -q "OpenSSL 3"']).status === 0;

  test.skipIf(!hasTools)(
    'docs/receipt.md: its commands check a receipt, and see what was changed',
    async () => {
      const guide = await readFile(new URL('../../docs/receipt.md', import.meta.url), 'utf8');
      const script = [...guide.matchAll(/^```bash\n(.*?)^```/gms)].map(([, code]) => code).join('');
      expect(script).toContain('openssl');
      await withMesh({ naras: 1 }, async (mesh) => {
        const { folder, path } = await newBackup();
        await dumpEvents(mesh, '-o', path, '--receipt', 'auto');
        const check = (): Promise<{ status: number | null; stdout: string }> =>
          run('bash', ['-ec', script], { cwd: folder, isScript: false });
        expect(await check()).toMatchObject({
          status: 0,
          stdout: expect.stringContaining('backup.jsonl: OK') as string,
        });
        const receipt = await text(`${path}.receipt`);
        await writeFile(`${path}.receipt`, receipt.replace('"exitStatus":0', '"exitStatus":3'));
        expect((await check()).status).not.toBe(0);
        await writeFile(`${path}.receipt`, receipt);
        await writeFile(path, `${await text(path)}\n`);
        expect((await check()).status).not.toBe(0);
      });
    },
  );
});
