import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { verify } from '../../src/archive/verify.ts';
import type { Finding } from '../../src/archive/verdict.ts';
import type { VerifiedEvidence } from '../../src/archive/verify-summary.ts';
import { EvidenceKeeper } from '../../src/dump/evidence-keeper.ts';
import { KeyRing } from '../../src/event/keyring.ts';
import { MAX_EVIDENCE_BYTES, parseEvidence } from '../../src/evidence/evidence-file.ts';
import { EvidenceFolder } from '../../src/evidence/evidence-folder.ts';
import type { SandboxMesh } from '../../src/sandbox/mesh.ts';
import { ALL_ZERO_SOUL_KEY, PublicKey } from '../../src/identity/keypair.ts';
import { parseSyncAnswer } from '../../src/sync/answer.ts';
import { ALICE } from '../archive/verifying.ts';
import { BOUNDS, dumpMesh, withMesh, type Dumped } from './dump-mesh.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'evidence');
}

interface Kept {
  readonly dumped: Dumped;
  readonly verified: VerifiedEvidence;
  readonly findings: readonly Finding[];
}

async function dumpWithEvidence(
  mesh: SandboxMesh,
  path: string,
  options: Parameters<typeof dumpMesh>[1] = {},
): Promise<Kept> {
  const evidence = await EvidenceFolder.open(path);
  let dumped: Dumped;
  try {
    dumped = await dumpMesh(mesh, { evidence, bounds: { ...BOUNDS, pageSize: 50 }, ...options });
  } finally {
    await evidence.close();
  }
  const findings: Finding[] = [];
  const onFinding = (finding: Finding): void => void findings.push(finding);
  const summary = await verify({ inputs: [], evidence: path, onFinding });
  return { dumped, verified: summary.evidence!, findings };
}

/** What is proven of each nara, by name. */
function proven({ naras }: SandboxMesh, { liars }: VerifiedEvidence): Record<string, string[]> {
  const nameOf = new Map(naras.map(({ name, publicKey }) => [publicKey, name]));
  return Object.fromEntries(liars.map(({ key, claims }) => [nameOf.get(key) ?? key, Object.keys(claims)]));
}

test('a run adds no more than so much, of however many keys', async () => {
  const folder = await EvidenceFolder.open(await newFolder());
  try {
    const reserve = (count: number, bytes: number): number =>
      Array.from({ length: count }, (_, at) => folder.reserve(`${bytes} ${at}`, bytes)).filter(Boolean)
        .length;
    expect(reserve(12, 100 * 2 ** 20)).toBe(10);
    expect(folder.isFull).toBe(true);
    expect(reserve(200, 1)).toBe(90);
  } finally {
    await folder.close();
  }
});

test('honest peers leave no evidence, whatever they see of each other', async () => {
  await withMesh({ naras: 4 }, async (mesh) => {
    const path = await newFolder();
    const { dumped, verified } = await dumpWithEvidence(mesh, path);
    expect(verified).toMatchObject({ files: 0, liars: [] });
    expect(dumped.summary.evidence).toEqual({ files: 0, leftOut: 0, isFull: false });
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await readdir(path)).toEqual([]);
  });
});

test.each([
  ['forge', ['misfit']],
  ['strip', ['stripped-signature']],
  ['disorder', ['disorder']],
  ['lie', ['misfit', 'stripped-signature']],
])('evidence of a peer that does %s holds, and names nobody else', async (fault, classes) => {
  const folder = await newFolder();
  await withMesh({ naras: 3, eventsPerNara: 900, faults: { carol: fault } }, async (mesh) => {
    const options = { bounds: { ...BOUNDS, pageSize: 500 } };
    const { dumped, verified, findings } = await dumpWithEvidence(mesh, folder, options);
    expect(findings).toEqual([]);
    expect(verified.held).toBe(dumped.summary.evidence!.files);
    const found = proven(mesh, verified);
    expect(Object.keys(found)).toEqual(['carol']);
    expect(found['carol']).toEqual(expect.arrayContaining(classes));
    for (const name of await readdir(folder)) {
      expect(name).toMatch(/^[0-9a-f]{16}-\d+\.json$/);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });
});

test.each([
  ['unsigned lie', { acceptUnsigned: true }],
  ['wrong-key lie', { acceptUnsigned: true }],
  ['impostor:alice lie', { acceptUnsigned: true }],
  ['no-key lie', {}],
  ['bad-signature lie', { acceptUnsigned: true }],
  ['foreign', {}],
  ['hostile', {}],
  ['future', {}],
  ['stuck-cursor', {}],
  ['repeat', {}],
  ['legacy', {}],
  ['moving', {}],
])('of a peer that does %s nothing can be proven', async (fault, options) => {
  await withMesh({ faults: { carol: fault } }, async (mesh) => {
    const { verified, dumped } = await dumpWithEvidence(mesh, await newFolder(), options);
    expect(verified).toMatchObject({ files: 0, held: 0 });
    expect(dumped.summary.events.read).toBeGreaterThan(0);
  });
});

test('of one key there are ten files at most over all runs, what is more is counted, none is replaced', async () => {
  await withMesh({ eventsPerNara: 900, faults: { carol: 'strip' } }, async (mesh) => {
    const folder = await newFolder();
    const options = { bounds: { ...BOUNDS, pageSize: 15 } };
    const first = await dumpWithEvidence(mesh, folder, options);
    expect(first.verified).toMatchObject({ files: 10, held: 10 });
    expect(first.dumped.summary.evidence!.leftOut).toBeGreaterThan(0);
    const names = await readdir(folder);
    const before = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    const second = await dumpWithEvidence(mesh, folder, options);
    expect(second.dumped.summary.evidence!.files).toBe(0);
    expect(await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).toEqual(before);
    await rm(join(folder, names[0]!));
    await dumpWithEvidence(mesh, folder, options);
    const after = await readdir(folder);
    expect(after).toHaveLength(10);
    expect(after).not.toContain(names[0]); // its number is not used again unless it was the last
  });
});

test('a file names 20 robbed copies at most; the others are counted', async () => {
  await withMesh({ eventsPerNara: 900, faults: { carol: 'strip' } }, async (mesh) => {
    const folder = await newFolder();
    const { dumped } = await dumpWithEvidence(mesh, folder, { bounds: BOUNDS });
    const claims = await Promise.all(
      (await readdir(folder)).map(async (name) => parseEvidence(await readFile(join(folder, name)))!.claims),
    );
    expect(claims.map(({ length }) => length)).toEqual([20]);
    expect(dumped.summary.evidence!.leftOut).toBeGreaterThan(0);
  });
});

test('the room for one key ends with files and with bytes, that of others does not', async () => {
  const folder = await EvidenceFolder.open(await newFolder());
  for (let number = 1; number <= 10; number++) expect(folder.reserve('liar', 1)).toMatch(`-${number}.json`);
  expect(folder.reserve('liar', 1)).toBeUndefined();
  expect(folder.reserve('large', MAX_EVIDENCE_BYTES)).toBeDefined();
  expect(folder.reserve('large', 1)).toBeUndefined();
  await folder.close();
});

test('answers under a key that anybody can sign with are not kept', async () => {
  const folder = await EvidenceFolder.open(await newFolder());
  const page = Buffer.from('{"events":[{"id":"00000000","ts":1,"svc":"seen","seen":{"observer":"a"}}]}');
  const headers = { 'x-nara-name': 'a', 'x-nara-timestamp': '1', 'x-nara-signature': '' };
  const kept = async (key: string): Promise<number> => {
    const keeper = new EvidenceKeeper(folder, tmpdir(), new KeyRing());
    const answer = parseSyncAnswer(page);
    keeper.onAnswer({ key: PublicKey.parse(key)!, headers, body: page, answer, request: '' });
    await keeper.end();
    keeper.close();
    return keeper.counts.files;
  };
  expect(await kept(ALICE.publicKey)).toBe(1);
  expect(await kept(ALL_ZERO_SOUL_KEY)).toBe(0);
  await folder.close();
});

test('what was asked is kept as context, the answer as it came', async () => {
  await withMesh({ faults: { carol: 'disorder' } }, async (mesh) => {
    const folder = await newFolder();
    await dumpWithEvidence(mesh, folder);
    const [name] = await readdir(folder);
    const evidence = parseEvidence(await readFile(join(folder, name!)))!;
    const carol = mesh.naras.find((nara) => nara.name === 'carol')!;
    expect(evidence).toMatchObject({ key: carol.publicKey, headers: { 'x-nara-name': 'carol' } });
    expect(JSON.parse(evidence.unproven.request)).toMatchObject({ mode: 'page', page_size: 50 });
    expect(JSON.parse(Buffer.from(evidence.body, 'base64').toString())).toMatchObject({ from: 'carol' });
  });
});

test('evidence that cannot be written ends the dump with 16', async () => {
  await withMesh({ faults: { carol: 'disorder' } }, async (mesh) => {
    const folder = await newFolder();
    const evidence = await EvidenceFolder.open(folder);
    const write = evidence.write.bind(evidence);
    evidence.write = (path, bytes) => write(join(path, 'gone'), bytes);
    await expect(dumpMesh(mesh, { evidence, bounds: { ...BOUNDS, pageSize: 50 } })).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      exitStatus: 16,
    });
    await evidence.close();
  });
});

test('a folder that is a file, and one that another dump uses, are refused', async () => {
  const folder = await newFolder();
  await writeFile(folder, '');
  await expect(EvidenceFolder.open(folder)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await rm(folder);
  const one = await EvidenceFolder.open(folder);
  await expect(EvidenceFolder.open(folder)).rejects.toMatchObject({ code: 'LOCKED' });
  await one.close();
  await chmod(folder, 0o700);
});
