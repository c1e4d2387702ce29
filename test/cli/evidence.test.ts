import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withMesh } from '../dump/dump-mesh.ts';
import { dumpEvents, newBackup } from './backup-mesh.ts';
import { run, type Finished } from './spawn.ts';

function verify(cwd: string, ...args: string[]): Promise<Finished> {
  return run('bin/mesh-backup.js', ['verify', ...args], { cwd });
}

test('a liar leaves evidence, which verify judges beside backups or alone', async () => {
  await withMesh({ faults: { carol: 'forge' } }, async (mesh) => {
    const { folder, path } = await newBackup();
    const dumped = await dumpEvents(mesh, '-verbose', '-o', path, '--evidence', join(folder, 'evidence'));
    expect(dumped).toMatchObject({ status: 0 });
    expect(dumped.stderr).toContain('2 files of evidence kept\n');
    const carol = mesh.naras.find(({ name }) => name === 'carol')!;

    const alone = await verify(folder, '--evidence', 'evidence');
    expect(alone).toMatchObject({ status: 0, stderr: '' });
    expect(alone.stdout).toContain('2 of 2 files of evidence in evidence hold\n');
    expect(alone.stdout).toContain(`  ${carol.publicKey} handed out 2 misfit, `);
    expect(await verify(folder, '-q', '--evidence', 'evidence', path)).toMatchObject({
      status: 0,
      stdout: '',
    });
    const records = (await verify(folder, '--json', '--evidence', 'evidence')).stdout.trimEnd().split('\n');
    expect(records.map((record) => JSON.parse(record) as object)).toMatchObject([
      { type: 'liar', key: carol.publicKey, files: 2, claims: { misfit: 2 } },
      { type: 'summary', exitStatus: 0, evidence: { folder: 'evidence', files: 2, held: 2 } },
    ]);

    const [name] = await readdir(join(folder, 'evidence'));
    const file = join(folder, 'evidence', name!);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"index":', '"index":1'));
    const tampered = await verify(folder, '-q', '--evidence', 'evidence', path);
    expect(tampered).toMatchObject({ status: 13, stdout: '' });
    expect(tampered.stderr).toContain(`⚠️  evidence/${name!}: evidence: the answer's event 1`);
    expect(tampered.stderr).toContain('Error: Not all is well: 1 evidence\n');
  });
});

test('a dry run keeps none; places that cannot be are refused', async () => {
  await withMesh({ faults: { carol: 'forge' } }, async (mesh) => {
    const { folder, path } = await newBackup();
    const evidence = join(folder, 'evidence');
    expect((await dumpEvents(mesh, '-o', path, '--dry-run', '--evidence', evidence)).status).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    for (const place of [path, `${path}.work`, join(`${path}.work`, 'evidence'), `${path}.receipt`]) {
      const finished = await dumpEvents(mesh, '-o', path, '--receipt', 'auto', '--evidence', place);
      expect(finished).toMatchObject({ status: 2 });
    }
    const nowhere = await dumpEvents(mesh, '-o', path, '--evidence', join(folder, 'no', 'such'));
    expect(nowhere).toMatchObject({ status: 16 });
  });
});
