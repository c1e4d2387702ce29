import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { judgeVerify } from '../../src/archive/verify-outcome.ts';
import { verify } from '../../src/archive/verify.ts';
import type { Finding } from '../../src/archive/verdict.ts';
import { MAX_EVIDENCE_BYTES } from '../../src/evidence/evidence-file.ts';
import { EvidenceFolder } from '../../src/evidence/evidence-folder.ts';
import { dumpMesh, withMesh } from '../dump/dump-mesh.ts';

const HASH = '0123456789abcdef';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function look(folder: string) {
  const findings: Finding[] = [];
  const onFinding = (finding: Finding): void => void findings.push(finding);
  const summary = await verify({ inputs: [], evidence: folder, onFinding });
  return { summary, findings, error: judgeVerify(summary) };
}

describe.skipIf(process.platform === 'win32')('a hostile folder', () => {
  test.each<[string, string, (path: string, folder: string) => unknown]>([
    ['a link', 'ELOOP', (path) => symlink('/etc/passwd', path)],
    ['a link to nowhere', 'ELOOP', (path) => symlink('gone', path)],
    ['a folder', 'it is no file', (path) => mkdir(path)],
    ['a FIFO', 'it is no file', (path) => execFileSync('mkfifo', [path])],
    ['garbage', 'it is no evidence', (path) => writeFile(path, Buffer.of(0, 255, 10))],
    ['nothing', 'it is no evidence', (path) => writeFile(path, '')],
    ['deep JSON', 'it is no evidence', (path) => writeFile(path, '['.repeat(1e6))],
    [
      'a huge file',
      'it is larger than evidence is',
      async (path) => {
        await writeFile(path, '');
        await truncate(path, MAX_EVIDENCE_BYTES + 1);
      },
    ],
    ['another name', 'its name', (_, folder) => writeFile(join(folder, 'notes.txt'), '')],
    ['a name with an escape', 'its name', (_, folder) => writeFile(join(folder, '\u001b[2J.json'), '')],
  ])('%s is a finding', async (_, reason, make) => {
    const folder = await newFolder();
    await make(join(folder, `${HASH}-1.json`), folder);
    const { findings, error } = await look(folder);
    expect(findings).toMatchObject([{ kind: 'evidence', reason: expect.stringContaining(reason) as string }]);
    expect(error).toMatchObject({ code: 'NOT_VERIFIED', exitStatus: 13 });
  });
});

test('what a killed run left is passed over; nothing at all is no success; no folder is an error', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, `${HASH}-1.json.part`), '{');
  const held = await EvidenceFolder.open(folder);
  const { findings, error, summary } = await look(folder);
  await held.close();
  expect(findings).toEqual([]);
  expect(summary.evidence).toMatchObject({ files: 0 });
  expect(error?.code).toBe('NOTHING_VERIFIED');
  await expect(look(join(folder, 'gone'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('evidence alone that holds is success, and says which keys it rests on', async () => {
  const folder = await newFolder();
  await withMesh({ faults: { carol: 'strip' } }, async (mesh) => {
    const evidence = await EvidenceFolder.open(folder);
    await dumpMesh(mesh, { evidence });
    await evidence.close();
    const { summary, error } = await look(folder);
    expect(error).toBeUndefined();
    const carol = mesh.naras.find(({ name }) => name === 'carol')!;
    expect(summary.evidence?.liars).toMatchObject([{ key: carol.publicKey }]);
    expect(summary.evidence?.liars[0]?.restsOn).toContainEqual(expect.stringMatching(/^name \S+ \S+=$/));
  });
});
