import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, link, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { withMesh } from '../dump/dump-mesh.ts';
import { dumpEvents, flagsFor, linesOf, namesIn, newBackup, startDump, text } from './backup-mesh.ts';
import { run, start, whenFinished, whenSaid } from './spawn.ts';

interface QuarantineRecord {
  readonly class: string;
  readonly reason: string;
  readonly bytes: string;
}

async function quarantined(path: string): Promise<(QuarantineRecord & { line: string })[]> {
  const records = (await linesOf(`${path}.quarantine`)).map((json) => JSON.parse(json) as QuarantineRecord);
  return records.map((record) => ({ ...record, line: Buffer.from(record.bytes, 'base64').toString() }));
}

describe('-o FILE', () => {
  test('holds what stdout would, is for us alone, and leaves nothing beside it', async () => {
    await withMesh({}, async (mesh) => {
      const { folder, path } = await newBackup();
      expect(await dumpEvents(mesh, '-o', path)).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(await text(path)).toBe((await dumpEvents(mesh)).stdout);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await namesIn(folder)).toEqual(['backup.jsonl']);
    });
  });

  test('becomes the union of what it held, in whatever order, and what peers give', async () => {
    await withMesh({}, async (mesh) => {
      const { path } = await newBackup();
      const all = (await dumpEvents(mesh)).stdout;
      const lines = all.split('\n').slice(0, -1);
      const half = lines.filter((_, at) => at % 2 === 0);
      const [first] = mesh.naras;
      // Unsorted, CRLF, blank lines, an event twice, a torn end: from whatever tool.
      await writeFile(path, `\ufeff${[...half].reverse().join('\r\n')}\n\n${half[3]}\n  ${half[0]}`);
      await chmod(path, 0o640);
      const flags = flagsFor(mesh, ['-o', path], [first!]);
      const env = { NARA_SOUL: mesh.requester.soul };
      expect(await run('bin/dump-events.js', flags, { env })).toMatchObject({ status: 0, stderr: '' });
      const given = new Set([...half, ...first!.given]);
      expect(await linesOf(path)).toEqual(lines.filter((line) => given.has(line)));
      expect((await stat(path)).mode & 0o777).toBe(0o640);
      await dumpEvents(mesh, '-o', path);
      expect(await text(path)).toBe(all);
    });
  });

  test('filters choose what is fetched, never what it keeps', async () => {
    await withMesh({}, async (mesh) => {
      const { path } = await newBackup();
      await dumpEvents(mesh, '-o', path);
      const all = await text(path);
      expect(
        await dumpEvents(mesh, '-o', path, '--svc', 'ping', '--until', '1970-01-02T00:00:00Z'),
      ).toMatchObject({
        status: 0,
      });
      expect(await text(path)).toBe(all);
    });
  });

  test('what may not stand in it moves to FILE.quarantine, and nothing is thrown away', async () => {
    await withMesh({ faults: { bob: 'lie' } }, async (mesh) => {
      const { path } = await newBackup();
      const good = (await dumpEvents(mesh)).stdout;
      const [line] = good.split('\n') as [string];
      const misfit = line.replace(/"ts":\d/, '"ts":2');
      const hostile = line.replace('{', '{"id":"0123456789abcdef0123456789abcdef",');
      await writeFile(path, [misfit, hostile, 'rubbish', '', '{"torn":'].join('\n'));
      const finished = await dumpEvents(mesh, '-o', path, '-verbose');
      expect(finished.status).toBe(0);
      expect(finished.stderr).toContain('4 lines of the backup moved to its quarantine');
      expect(await text(path)).toBe(good);
      const records = await quarantined(path);
      const moved = (line: string, kind: string, reason: string): void => {
        expect(records).toContainEqual(expect.objectContaining({ class: kind, reason, line }));
      };
      moved(misfit, 'misfit', 'the id does not fit the content');
      moved(hostile, 'hostile', 'duplicate-key');
      moved('rubbish', 'broken', 'no JSON');
      moved('{"torn":', 'broken', 'torn');
      // What bob gave is there as well, and a second run adds nothing to it.
      expect(records.length).toBeGreaterThan(4);
      await dumpEvents(mesh, '-o', path);
      expect(await quarantined(path)).toEqual(records);
      expect((await dumpEvents(mesh, '-o', path, '--strict')).status).toBe(13);
    });
  });

  test('a hostile copy of a known ID does not keep the true event out', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { path } = await newBackup();
      const good = (await dumpEvents(mesh)).stdout;
      const lines = good.split('\n').slice(0, -1);
      const spoilt = lines.map((line, at) =>
        at % 2 === 0 ? line.replace('{', '{"ID":"x",') : line.replace(/"ts":\d/, '"ts":2'),
      );
      await writeFile(path, `${spoilt.join('\n')}\n`);
      await dumpEvents(mesh, '-o', path);
      expect(await text(path)).toBe(good);
    });
  });

  test('only rubbish: all of it moves, also what is binary', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { path } = await newBackup();
      const good = (await dumpEvents(mesh)).stdout;
      const rubbish = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251));
      await writeFile(path, rubbish);
      expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
      expect(await text(path)).toBe(good);
      const kept = Buffer.concat(
        (await quarantined(path)).flatMap(({ bytes }) => [Buffer.from(bytes, 'base64'), Buffer.from('\n')]),
      );
      const parts = (bytes: Buffer): string[] =>
        bytes
          .toString('latin1')
          .split('\n')
          .filter((part) => part.trim() !== '');
      expect(new Set(parts(kept))).toEqual(new Set(parts(rubbish)));
    });
  });

  test('a line too long for any event: the file as it was is kept aside', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { path } = await newBackup();
      const good = (await dumpEvents(mesh)).stdout;
      const huge = `${good}${'x'.repeat(17 * 1024 * 1024)}`;
      await writeFile(path, huge);
      const finished = await dumpEvents(mesh, '-o', path);
      expect(finished.stderr).toContain(`${path}.damaged`);
      expect(await text(path)).toBe(good);
      expect((await text(`${path}.damaged`)) === huge).toBe(true);
    });
  });

  test.each([
    ['all refuse us and give no checkpoints', 'status:403', 15],
    ['nobody answers', 'hang', 14],
    ['all are broken', 'content-type', 1],
  ])('%s: nothing is replaced', async (_, fault, status) => {
    await withMesh({ naras: 2, faults: { alice: fault, bob: fault } }, async (mesh) => {
      const { folder, path } = await newBackup();
      await writeFile(path, 'not even a backup\n');
      const { ino } = await stat(path);
      const finished = await dumpEvents(
        mesh,
        '-o',
        path,
        '-timeout',
        '700ms',
        '--no-checkpoints',
        '--receipt',
        'auto',
      );
      expect(finished.status).toBe(status);
      expect(finished.stderr).toContain(`${path} is as it was`);
      expect((await stat(path)).ino).toBe(ino);
      expect(await text(path)).toBe('not even a backup\n');
      expect((await namesIn(folder)).filter((name) => !name.endsWith('.quarantine'))).toEqual([
        'backup.jsonl',
      ]);
    });
  });

  test('checkpoints of peers that refuse us are something', async () => {
    await withMesh({ naras: 1, faults: { alice: 'status:403' } }, async (mesh) => {
      const { path } = await newBackup();
      expect((await dumpEvents(mesh, '-o', path)).status).toBe(15);
      const checkpoints = mesh.naras[0]!.ledger.filter(({ svc }) => svc === 'checkpoint');
      expect((await linesOf(path)).sort()).toEqual(checkpoints.map(({ line }) => line).sort());
    });
  });

  test('--dry-run reports and writes nothing', async () => {
    await withMesh({}, async (mesh) => {
      const { folder, path } = await newBackup();
      const finished = await dumpEvents(
        mesh,
        '-o',
        path,
        '--dry-run',
        '-verbose',
        '--quarantine',
        join(folder, 'q'),
      );
      expect(finished).toMatchObject({ status: 0, stdout: '' });
      expect(finished.stderr).toContain('Events:');
      expect(await namesIn(folder)).toEqual([]);
      expect(await dumpEvents(mesh, '--dry-run')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    });
  });

  test('-o - is stdout', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      expect((await dumpEvents(mesh, '-o', '-')).stdout).toBe((await dumpEvents(mesh)).stdout);
    });
  });

  test.each([
    [['-o', 'x', '-ids-from', 'y'], '-ids-from is for what goes to stdout'],
    [['--fresh'], '--fresh needs -o'],
    [['--receipt', 'auto'], '--receipt auto needs -o'],
    [['-o', '/'], 'folder'],
    [['-o', ''], '-o wants the name of a file'],
    [['-o', 'x', '--quarantine', './x'], 'the quarantine and -o are the same file'],
    [['-o', 'x', '--variants', 'x.quarantine'], '--variants and the quarantine are the same file'],
    [['-o', 'x', '--receipt', 'x.part'], '--receipt and the .part of -o are the same file'],
    [['-o', 'package.json', '--peers', 'package.json'], '--peers'],
    [['--receipt', '/there/is/no/such/folder/receipt'], 'no such file or directory'],
    [['-o', '/there/is/no/such/folder'], 'no such file or directory'],
  ])('%j is refused before anything is asked', async (flags, message) => {
    const finished = await run('bin/dump-events.js', ['-name', 'a', ...flags], {
      env: { NARA_SOUL: '1'.repeat(40) },
    });
    expect(finished.status === 2 || finished.status === 16).toBe(true);
    expect(finished.stderr).toContain(message);
  });
});

test('what somebody else writes to it meanwhile is not destroyed', async () => {
  await withMesh({ faults: { bob: 'hang:1' } }, async (mesh) => {
    const { path } = await newBackup();
    await writeFile(path, '');
    const child = startDump(mesh, '-o', path, '-verbose', '-timeout', '3s');
    const finished = whenFinished(child);
    await whenSaid(child, '[2/3]');
    await writeFile(path, 'from elsewhere');
    const { status, stderr } = await finished;
    expect(status).toBe(16);
    expect(stderr).toContain('changed by somebody else');
    expect(await text(path)).toBe('from elsewhere');
    // What was fetched is not lost, and what came from elsewhere is taken up.
    expect((await dumpEvents(mesh, '-o', path, '-timeout', '1s')).status).toBe(3);
    expect((await quarantined(path)).map(({ line }) => line)).toEqual(['from elsewhere']);
    const given = new Set(mesh.naras.flatMap((nara) => nara.given));
    expect(await linesOf(path)).toHaveLength(given.size);
  });
});

test('a dry run may need more than its memory, and a work folder may hold anything', async () => {
  await withMesh({}, async (mesh) => {
    const { folder, path } = await newBackup();
    const flags = ['-o', path, '--memory', '20kB'];
    expect(await dumpEvents(mesh, ...flags, '--dry-run')).toMatchObject({ status: 0, stderr: '' });
    expect(await namesIn(folder)).toEqual([]);
    await mkdir(`${path}.work`);
    execFileSync('mkfifo', [`${path}.work/walk-1-1.log`]);
    await symlink('/dev/zero', `${path}.work/walk-1-2.log`);
    expect(await dumpEvents(mesh, ...flags)).toMatchObject({ status: 0, stderr: '' });
    expect(await namesIn(`${path}.work`)).toEqual(['walk-1-1.log', 'walk-1-2.log']);
  });
});

describe('gzip', () => {
  test('.gz or --gzip compresses, and what is compressed stays so', async () => {
    await withMesh({}, async (mesh) => {
      const plain = (await dumpEvents(mesh)).stdout;
      const named = await newBackup('backup.jsonl.gz');
      const flagged = await newBackup();
      await dumpEvents(mesh, '-o', named.path);
      await dumpEvents(mesh, '-o', flagged.path, '--gzip');
      await dumpEvents(mesh, '-o', flagged.path);
      for (const { path } of [named, flagged])
        expect(gunzipSync(await readFile(path)).toString()).toBe(plain);
    });
  });

  test('a compressed backup is read by its magic, united, and its cut end costs only what was cut', async () => {
    await withMesh({}, async (mesh) => {
      const { path } = await newBackup('backup');
      const lines = (await dumpEvents(mesh)).stdout.split('\n').slice(0, -1);
      const foreign = lines[0]!.replace(/"svc":"[^"]*"/, '"svc":"from-elsewhere"');
      const members = [foreign, ...lines.slice(0, 50)].map((line) => gzipSync(`${line}\n`));
      const cut = Buffer.concat(members).subarray(0, -20);
      await writeFile(path, cut);
      const finished = await dumpEvents(mesh, '-o', path);
      expect(finished.status).toBe(0);
      expect(finished.stderr).toContain(`${path}.damaged`);
      const kept = gunzipSync(await readFile(path))
        .toString()
        .split('\n')
        .slice(0, -1);
      expect(kept.filter((line) => line !== foreign)).toEqual(lines);
      expect(kept).toContain(foreign);
      expect(await readFile(`${path}.damaged`)).toEqual(cut);
    });
  });
});

describe('--fresh', () => {
  test('leaves the old content out and keeps it until a run ends well', async () => {
    await withMesh({ naras: 2, faults: { bob: 'hang' } }, async (mesh) => {
      const { folder, path } = await newBackup();
      const soon = ['-timeout', '2s'];
      const env = { NARA_SOUL: mesh.requester.soul };
      const fromAlice = (await run('bin/dump-events.js', flagsFor(mesh, [], [mesh.naras[0]!]), { env }))
        .stdout;
      const old = fromAlice.split('\n')[0]!.replace(/"svc":"[^"]*"/, '"svc":"old"');
      await writeFile(path, `${old}\n`);

      expect((await dumpEvents(mesh, '-o', path, '--fresh', ...soon)).status).toBe(3);
      expect(await text(path)).toBe(fromAlice);
      expect(await text(`${path}.old`)).toBe(`${old}\n`);
      // A fresh start that is not at its end is gone on with: what it gathered is not the old content.
      expect(
        (await dumpEvents(mesh, '-o', path, '--fresh', '--until', '1970-01-02T00:00:00Z', ...soon)).status,
      ).toBe(3);
      expect(await text(path)).toBe(fromAlice);
      expect(await text(`${path}.old`)).toBe(`${old}\n`);

      expect((await dumpEvents(mesh, '-o', path, '--min-peers', '1', ...soon)).status).toBe(0);
      expect(await namesIn(folder)).toEqual(['backup.jsonl']);
      expect(await text(path)).toBe(fromAlice);
    });
  });

  test("a FILE.old of somebody else's is neither overwritten nor removed", async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { path } = await newBackup();
      await writeFile(path, '');
      await writeFile(`${path}.old`, 'mine');
      const finished = await dumpEvents(mesh, '-o', path, '--fresh');
      expect(finished.status).toBe(16);
      expect(finished.stderr).toContain('not of our making');
      expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
      expect(await text(`${path}.old`)).toBe('mine');
    });
  });
});

describe.skipIf(process.platform === 'win32')('where a name leads elsewhere', () => {
  test('a link: its target is replaced, in its own folder', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup('link');
      await mkdir(join(folder, 'there'));
      await symlink('there/backup', path);
      await dumpEvents(mesh, '-o', path);
      expect(await namesIn(join(folder, 'there'))).toEqual(['backup']);
      expect(await namesIn(folder)).toEqual(['link', 'there']);
      expect(await text(path)).toBe((await dumpEvents(mesh)).stdout);
    });
  });

  test('a hard link keeps its old content', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      await writeFile(path, '');
      await link(path, join(folder, 'other'));
      await dumpEvents(mesh, '-o', path);
      expect(await text(join(folder, 'other'))).toBe('');
    });
  });

  test('a FIFO and /dev/fd/N are written straight through', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const plain = (await dumpEvents(mesh)).stdout;
      const { folder, path } = await newBackup('fifo');
      execFileSync('mkfifo', [path]);
      const reader = run('cat', [path], { isScript: false });
      expect((await dumpEvents(mesh, '-o', path)).status).toBe(0);
      expect((await reader).stdout).toBe(plain);

      const words = [process.execPath, 'bin/dump-events.js', ...flagsFor(mesh, ['-o', '/dev/fd/5'])];
      const file = join(folder, 'five');
      const { status } = await run('sh', ['-c', `"$@" 5>> ${file}`, 'sh', ...words], {
        isScript: false,
        env: { NARA_SOUL: mesh.requester.soul },
      });
      expect(status).toBe(0);
      expect(await text(file)).toBe(plain);
      expect(await namesIn(folder)).toEqual(['fifo', 'five']);
    });
  });

  test('a work folder that is a link is not used', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { folder, path } = await newBackup();
      await mkdir(join(folder, 'trap'));
      await symlink('trap', `${path}.work`);
      const finished = await dumpEvents(mesh, '-o', path);
      expect(finished.status).toBe(16);
      expect(await namesIn(folder)).toEqual(['backup.jsonl.work', 'trap']);
    });
  });
});

describe('two runs at once', () => {
  test('the second names the first and ends with 11; a dead one is taken over, and named', async () => {
    await withMesh({ faults: { bob: 'hang:1' } }, async (mesh) => {
      const { path } = await newBackup();
      const child = startDump(mesh, '-o', path, '-verbose');
      const finished = whenFinished(child);
      await whenSaid(child, '[2/3]');
      const second = await dumpEvents(mesh, '-o', path);
      expect(second.status).toBe(11);
      expect(second.stderr).toContain(`process ${child.pid}`);
      child.kill('SIGKILL');
      await finished;
      const third = startDump(mesh, '-o', path, '-verbose');
      const thirdFinished = whenFinished(third);
      await whenSaid(third, '[2/3]');
      third.kill('SIGINT');
      const { status, stderr } = await thirdFinished;
      expect(status).toBe(130);
      expect(stderr).toContain(`process ${child.pid}`);
      expect(stderr).toContain('not walked  alice');
    });
  });

  test('a dry run asks nobody for leave', async () => {
    await withMesh({ naras: 1 }, async (mesh) => {
      const { path } = await newBackup();
      await writeFile(`${path}.lock`, JSON.stringify({ held: 'by somebody' }));
      expect((await dumpEvents(mesh, '-o', path, '--dry-run')).status).toBe(0);
      await rm(`${path}.lock`);
    });
  });
});

test.skipIf(spawnSync('sh', ['-c', 'command -v head']).status !== 0)(
  '-o /dev/stdout | head -1: 141, quietly',
  async () => {
    await withMesh({ eventsPerNara: 3000 }, async (mesh) => {
      const child = start('bin/dump-events.js', flagsFor(mesh, ['-o', '/dev/stdout']), {
        env: { NARA_SOUL: mesh.requester.soul },
      });
      const finished = whenFinished(child);
      child.stdout.once('data', () => child.stdout.destroy());
      expect(await finished).toMatchObject({ status: 141, stderr: '' });
    });
  },
);
