import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readFile, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { FileLock } from '../../src/jsonl/file-lock.ts';
import { carryOut } from '../../src/keeping/carry-out.ts';
import { EventsProbe } from '../../src/keeping/events-probe.ts';
import { leavesOf } from '../../src/keeping/goes-along.ts';
import { planPrune } from '../../src/keeping/plan-prune.ts';
import type { Candidate, Probe } from '../../src/keeping/probe.ts';
import type { PlanOptions, PrunePlan } from '../../src/keeping/prune-options.ts';
import { backupOf, makeFolder, namesIn, receiptOf } from './backups.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const { signal } = new AbortController();
const IS_WINDOWS = process.platform === 'win32';

const DAYS = Object.fromEntries(
  [17, 18, 19, 20].map((day) => [`${day}.jsonl`, backupOf(`2026-11-${day}T03:00:00Z`)]),
);

function plan(folder: string, options: Partial<PlanOptions> = {}): Promise<PrunePlan> {
  return planPrune(folder, {
    policy: { last: 2 },
    nowMs: NOW,
    includeBad: false,
    forgetEvents: true, // each of these days holds events of its own
    probes: [new EventsProbe()],
    signal,
    ...options,
  });
}

function tell({ files }: PrunePlan): string[] {
  return files.map(
    ({ decision: { action, reasons }, listed: { name } }) => `${action} ${name}: ${reasons.join(', ')}`,
  );
}

async function prune(folder: string, options: Partial<PlanOptions> = {}): Promise<string[]> {
  await carryOut(await plan(folder, options), signal);
  return namesIn(folder);
}

test('the plan changes nothing; carried out, what it removes is gone, and a second run has nothing to do', async () => {
  const folder = await makeFolder({ ...DAYS, 'extra.jsonl.gz': gzipSync(DAYS['17.jsonl']!) });
  const planned = await plan(folder);
  expect(tell(planned)).toEqual([
    'keep 20.jsonl: last 1',
    'keep 19.jsonl: last 2',
    'remove 18.jsonl: ',
    'remove 17.jsonl: ',
    'remove extra.jsonl.gz: ',
  ]);
  expect(await namesIn(folder)).toHaveLength(5);
  const outcome = await carryOut(planned, signal);
  expect(outcome.removed).toEqual(['extra.jsonl.gz', '17.jsonl', '18.jsonl']);
  expect(outcome.stayed).toEqual([]);
  expect(await namesIn(folder)).toEqual(['19.jsonl', '20.jsonl']);
  expect((await carryOut(await plan(folder), signal)).removed).toEqual([]);
});

describe('events that no kept backup has', () => {
  const day = (number: number): string => DAYS[`${number}.jsonl`]!;
  const options: Partial<PlanOptions> = { policy: { last: 1 }, forgetEvents: false };

  test('keep the newest that holds them, and those that go are those that are held by others', async () => {
    const folder = await makeFolder({
      '17.jsonl': day(17),
      '18.jsonl': day(17) + day(18),
      '19.jsonl.gz': gzipSync(day(19)),
      '20.jsonl': day(19) + day(20),
    });
    const planned = await plan(folder, options);
    expect(tell(planned)).toEqual([
      'keep 20.jsonl: last 1',
      'remove 19.jsonl.gz: ',
      'keep 18.jsonl: holds 4 events that no kept backup has',
      'remove 17.jsonl: ',
    ]);
    expect(planned.files[2]!.decision).toMatchObject({ standing: 'counts', soleEvents: 4 });
    await carryOut(planned, signal);
    expect(await namesIn(folder)).toEqual(['18.jsonl', '20.jsonl']);
  });

  test('in one that does not verify are no reason for another one to go', async () => {
    const folder = await makeFolder({
      '17.jsonl': day(17),
      'bad.jsonl': `${day(17)}${day(18)}garbage\n`,
      '20.jsonl': day(20),
    });
    expect(tell(await plan(folder, options)).map((text) => text.replace(/does not.*\), /, ''))).toEqual([
      'keep 20.jsonl: last 1',
      expect.stringMatching(/^keep bad.jsonl: does not verify/),
      'keep 17.jsonl: holds 2 events that no kept backup has',
    ]);
    const reasons = tell(await plan(folder, { ...options, includeBad: true }));
    expect(reasons[1]).toMatch(/^keep bad.jsonl: does not verify.*, holds 2 events that no kept backup has$/);
    expect(reasons[2]).toBe('keep 17.jsonl: holds 2 events that no kept backup has');
  });

  test('where one that holds others’ events has changed, all stay', async () => {
    const folder = await makeFolder({
      '17.jsonl': day(17),
      '18.jsonl': day(17) + day(18),
      '20.jsonl': day(20),
    });
    const planned = await plan(folder, options);
    await writeFile(join(folder, '18.jsonl'), day(18));
    await expect(carryOut(planned, signal)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await namesIn(folder)).toHaveLength(3);
  });
});

test('the file’s own times say nothing', async () => {
  const folder = await makeFolder(DAYS);
  await utimes(join(folder, '17.jsonl'), new Date(NOW), new Date(NOW));
  await utimes(join(folder, '20.jsonl'), new Date(0), new Date(0));
  expect(await prune(folder)).toEqual(['19.jsonl', '20.jsonl']);
});

test('a receipt goes with its backup, and no other file does', async () => {
  const [old, recent] = [DAYS['17.jsonl']!, DAYS['20.jsonl']!];
  const others = ['a.jsonl.quarantine', 'a.jsonl.variants', 'a.jsonl.quarantine.2', 'a.jsonl.damaged'];
  const folder = await makeFolder({
    'a.jsonl': old,
    'a.jsonl.receipt': receiptOf(old, '2026-11-17T04:00:00Z'),
    'b.jsonl': recent,
    'b.jsonl.receipt': receiptOf(recent, '2026-11-20T04:00:00Z'),
    'z.receipt': receiptOf(old, '2026-11-20T04:00:00Z'),
    ...Object.fromEntries(others.map((name) => [name, recent])),
  });
  const planned = await plan(folder, { policy: { last: 1 } });
  expect(planned.files.find(({ listed }) => listed.name === 'a.jsonl')!.listed.leaves).toEqual(
    [...others].sort(),
  );
  expect((await carryOut(planned, signal)).removed).toEqual(['a.jsonl', 'a.jsonl.receipt']);
  expect(await namesIn(folder)).toEqual(['b.jsonl', 'b.jsonl.receipt', 'z.receipt', ...others].sort());
});

test('what is called a receipt beside a database or a snapshot stays', async () => {
  const names = ['a.db', 'b.db'];
  const folder = await makeFolder(
    Object.fromEntries(
      names.flatMap((name) => [
        [name, 'SQLite format 3\0'],
        [`${name}.receipt`, 'of 20 Euro'],
      ]),
    ),
  );
  const probe: Probe = {
    kind: 'managed',
    probe: ({ name }) =>
      Promise.resolve({
        series: '',
        time: { timeMs: NOW - (name === 'a.db' ? 9 : 0), by: 'audit' },
        flaws: [],
      }),
  };
  const planned = await plan(folder, { policy: { last: 1 }, probes: [probe] });
  expect(leavesOf(planned.files[1]!)).toEqual(['a.db.receipt']);
  expect((await carryOut(planned, signal)).removed).toEqual(['a.db']);
  expect(await namesIn(folder)).toEqual(['a.db.receipt', 'b.db', 'b.db.receipt']);
});

test('receipts’ times count, and those with receipts are a series of their own', async () => {
  const text = DAYS['17.jsonl']!;
  const folder = await makeFolder({
    ...DAYS,
    'r1.jsonl': text,
    'r1.jsonl.receipt': receiptOf(text, '2026-11-18T00:00:00Z'),
    'r2.jsonl': text,
    'r2.jsonl.receipt': receiptOf(text, '2026-11-19T00:00:00Z'),
  });
  expect(tell(await plan(folder, { policy: { last: 1 } }))).toEqual([
    'keep r2.jsonl: last 1',
    'remove r1.jsonl: ',
    'keep 20.jsonl: last 1',
    'remove 19.jsonl: ',
    'remove 18.jsonl: ',
    'remove 17.jsonl: ',
  ]);
});

test.skipIf(IS_WINDOWS)('links, folders, pipes and hidden files are left alone', async () => {
  const folder = await makeFolder(DAYS);
  const elsewhere = await makeFolder({ 'old.jsonl': backupOf('2026-01-01T00:00:00Z') });
  await symlink(join(elsewhere, 'old.jsonl'), join(folder, 'link.jsonl'));
  await symlink(elsewhere, join(folder, 'link-to-folder'));
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'folder', 'old.jsonl'), DAYS['17.jsonl']!);
  await writeFile(join(folder, '.hidden.jsonl'), DAYS['17.jsonl']!);
  await writeFile(join(folder, 'notes.txt'), 'remember the milk');
  expect(spawnSync('mkfifo', [join(folder, 'pipe.jsonl')]).status).toBe(0);
  const planned = await plan(folder);
  expect(planned.leftAlone).toEqual(
    expect.arrayContaining([
      { name: '.hidden.jsonl', reason: 'hidden' },
      ...['folder', 'link-to-folder', 'link.jsonl', 'pipe.jsonl'].map((name) => ({
        name,
        reason: 'no regular file',
      })),
      { name: 'notes.txt', reason: 'no backup by its content' },
    ]),
  );
  expect(await prune(folder)).toEqual(
    ['.hidden.jsonl', '19.jsonl', '20.jsonl', 'folder', 'link-to-folder', 'link.jsonl', 'notes.txt'].concat(
      'pipe.jsonl',
    ),
  );
  expect(await namesIn(elsewhere)).toEqual(['old.jsonl']);
});

test.skipIf(IS_WINDOWS)('a receipt that is a link is not followed', async () => {
  const text = DAYS['20.jsonl']!;
  const elsewhere = await makeFolder({ receipt: receiptOf(text, '2026-11-20T04:00:00Z') });
  const folder = await makeFolder({ 'a.jsonl': text });
  await symlink(join(elsewhere, 'receipt'), join(folder, 'a.jsonl.receipt'));
  const [file] = (await plan(folder)).files;
  expect(file!.decision.file).toMatchObject({ time: { by: 'event' } });
});

test('a second name of a file takes no place, and the first run leaves it', async () => {
  const folder = await makeFolder(DAYS);
  await link(join(folder, '20.jsonl'), join(folder, 'z.jsonl'));
  expect(tell(await plan(folder))).toContain('keep z.jsonl: another name of 20.jsonl');
  expect(await prune(folder)).toEqual(['19.jsonl', '20.jsonl', 'z.jsonl']);
});

test('a receipt that does not open makes its backup nobody’s: no other one replaces it', async () => {
  const folder = await makeFolder({
    ...DAYS,
    'torn.jsonl': DAYS['17.jsonl']!,
    'torn.jsonl.receipt': receiptOf(DAYS['17.jsonl']!, '2026-11-17T04:00:00Z').subarray(0, -9),
    'foreign.jsonl': DAYS['18.jsonl']!,
    'foreign.jsonl.receipt': 'one potato, one tomato',
  });
  const names = await prune(folder, { policy: { last: 1 }, includeBad: true });
  expect(names.filter((name) => !/^\d/.test(name))).toEqual([
    'foreign.jsonl',
    'foreign.jsonl.receipt',
    'torn.jsonl',
    'torn.jsonl.receipt',
  ]);
});

describe('in use', () => {
  test('one that a job has locked stays and takes no place', async () => {
    const folder = await makeFolder(DAYS);
    const locks = [
      await FileLock.take(join(folder, '17.jsonl')),
      await FileLock.take(join(folder, '20.jsonl')),
    ];
    const planned = await plan(folder);
    expect(tell(planned).filter((text) => text.includes('in use by process'))).toHaveLength(2);
    await carryOut(planned, signal);
    for (const lock of locks) await lock.release();
    expect(await namesIn(folder)).toEqual(['17.jsonl', '18.jsonl', '19.jsonl', '20.jsonl']);
    expect(await prune(folder)).toEqual(['19.jsonl', '20.jsonl']);
  });

  test('one that is locked after it was looked at stays', async () => {
    const folder = await makeFolder(DAYS);
    const planned = await plan(folder);
    const lock = await FileLock.take(join(folder, '17.jsonl'));
    const { removed, stayed } = await carryOut(planned, signal);
    await lock.release();
    expect(removed).toEqual(['18.jsonl']);
    expect(stayed).toMatchObject([
      { name: '17.jsonl', reason: expect.stringContaining('is in use') as string },
    ]);
  });

  test('a lock of a process that is gone is none', async () => {
    const folder = await makeFolder(DAYS);
    const lock = await FileLock.take(join(folder, '17.jsonl'));
    const path = join(folder, '17.jsonl.lock');
    const record = JSON.parse(await readFile(path, 'utf8')) as object;
    await lock.release();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(path, `${JSON.stringify({ ...record, pid })}\n`);
    expect(await prune(folder)).toEqual(['19.jsonl', '20.jsonl']);
  });

  test('a database with a log beside it stays', async () => {
    const database = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(100)]);
    const folder = await makeFolder({
      'a.db': database,
      'a.db-wal': 'log',
      'b.db': database,
      'b.db-journal': '',
      'c.db': database,
      'c.db-wal': '',
      'd.db': database,
      'd.db-shm': '',
    });
    const looked: string[] = [];
    const probe: Probe = {
      kind: 'managed',
      probe: ({ name }: Candidate) => {
        looked.push(name);
        return Promise.resolve({ series: '', time: { timeMs: NOW, by: 'audit' }, flaws: [] });
      },
    };
    expect(tell(await plan(folder, { probes: [probe] }))).toEqual([
      'keep b.db: last 1',
      'keep a.db: a.db-wal is part of it: a database in use, or one that was cut off',
      'keep c.db: c.db-wal is part of it: a database in use, or one that was cut off',
      'keep d.db: d.db-shm is part of it: a database in use, or one that was cut off',
    ]);
    expect(looked).toEqual(['b.db']);
  });

  describe.skipIf(process.platform !== 'linux')('a database that a process has open', () => {
    const databases = Object.fromEntries(
      ['a.db', 'b.db', 'c.db'].map((name) => [name, `SQLite format 3\0${name}`]),
    );
    const options: Partial<PlanOptions> = {
      policy: { last: 1 },
      probes: [
        {
          kind: 'managed',
          probe: ({ name }) =>
            Promise.resolve({
              series: '',
              time: { timeMs: NOW + name.charCodeAt(0) * 1000, by: 'audit' },
              flaws: [],
            }),
        },
      ],
    };

    async function holding<T>(path: string, use: (pid: number) => Promise<T>): Promise<T> {
      const script =
        'require("fs").openSync(process.argv[1], "r+"); console.log(); setInterval(() => {}, 1e6)';
      const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        await once(child.stdout, 'data');
        return await use(child.pid!);
      } finally {
        child.kill();
        await once(child, 'close');
      }
    }

    test('stays', async () => {
      const folder = await makeFolder(databases);
      await holding(join(folder, 'a.db'), async (pid) => {
        const planned = await plan(folder, options);
        expect(tell(planned)).toContain(`keep a.db: process ${pid} has it open`);
        expect((await carryOut(planned, signal)).removed).toEqual(['b.db']);
      });
      expect(await namesIn(folder)).toEqual(['a.db', 'c.db']);
    });

    test('stays, if it opened it after the look', async () => {
      const folder = await makeFolder(databases);
      const planned = await plan(folder, options);
      expect(tell(planned)).toContain('remove a.db: ');
      await writeFile(join(folder, 'b.db-shm'), '');
      await holding(join(folder, 'a.db'), async (pid) => {
        const { removed, stayed } = await carryOut(planned, signal);
        expect({ removed, stayed }).toEqual({
          removed: [],
          stayed: [
            { name: 'a.db', reason: `process ${pid} has it open` },
            { name: 'b.db', reason: 'b.db-shm is part of it now: it is in use' },
          ],
        });
      });
    });
  });
});

describe('what changes meanwhile', () => {
  test.each<[string, (path: string, folder: string) => Promise<unknown>]>([
    ['was written to', (path) => writeFile(path, 'more', { flag: 'a' })],
    [
      'is another file of the same size and time',
      async (path) => {
        const other = `${path}.new`;
        await writeFile(other, DAYS['17.jsonl']!);
        await utimes(other, new Date(0), new Date(0));
        await rename(other, path);
      },
    ],
    [
      'is a link now',
      async (path, folder) => {
        await rename(path, join(folder, 'moved'));
        await symlink(join(folder, 'moved'), path);
      },
    ],
  ])('one to go that %s stays', async (_, change) => {
    const folder = await makeFolder(DAYS);
    await utimes(join(folder, '17.jsonl'), new Date(0), new Date(0));
    const planned = await plan(folder);
    await change(join(folder, '17.jsonl'), folder);
    const { removed, stayed } = await carryOut(planned, signal);
    expect(removed).toEqual(['18.jsonl']);
    expect(stayed).toEqual([{ name: '17.jsonl', reason: 'it is not the file that was looked at' }]);
    expect(await namesIn(folder)).toContain('17.jsonl');
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['is gone', unlink],
    ['was written to', (path) => writeFile(path, '', { flag: 'w' })],
  ])('where one to keep %s, all stay', async (_, change) => {
    const folder = await makeFolder(DAYS);
    const planned = await plan(folder);
    await change(join(folder, '20.jsonl'));
    await expect(carryOut(planned, signal)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await namesIn(folder)).toEqual(expect.arrayContaining(['17.jsonl', '18.jsonl', '19.jsonl']));
  });

  test('a folder that is another one now is left alone', async () => {
    const folder = await makeFolder(DAYS);
    const planned = await plan(folder, { policy: { last: 1 } });
    await rename(folder, `${folder}.away`);
    await mkdir(folder);
    // The very files, under the old name.
    for (const name of Object.keys(DAYS)) await link(join(`${folder}.away`, name), join(folder, name));
    await expect(carryOut(planned, signal)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await namesIn(folder)).toHaveLength(4);
    await rm(`${folder}.away`, { recursive: true });
  });

  test('one that changes while it is looked at is kept and takes no place', async () => {
    const folder = await makeFolder(DAYS);
    const events = new EventsProbe();
    const probe: Probe = {
      kind: 'events',
      async probe(file, context) {
        const probed = await events.probe(file, context);
        if (file.name === '20.jsonl') await writeFile(file.path, 'more', { flag: 'a' });
        return probed;
      },
    };
    expect(tell(await plan(folder, { probes: [probe] }))).toEqual([
      'keep 19.jsonl: last 1',
      'keep 18.jsonl: last 2',
      'remove 17.jsonl: ',
      'keep 20.jsonl: 20.jsonl changed while it was looked at',
    ]);
  });
});

test('a probe that cannot do its work keeps the backup, and its own mistakes are not hidden', async () => {
  const folder = await makeFolder(DAYS);
  const failing = (error: Error): Partial<PlanOptions> => ({
    probes: [{ kind: 'events', probe: () => Promise.reject(error) }],
  });
  const missing = new MeshBackupError('SQLITE_MISSING', 'not here');
  expect(tell(await plan(folder, failing(missing)))).toHaveLength(4);
  expect(tell(await plan(folder, failing(missing)))[0]).toMatch(/^keep 1.\.jsonl: not here$/);
  expect(tell(await plan(folder, { probes: [] }))[0]).toMatch(/^keep .*nobody here can look/);
  await expect(plan(folder, failing(new TypeError('oh')))).rejects.toThrow('oh');
});

test('a policy that keeps nothing is refused before anything is looked at', async () => {
  for (const policy of [{}, { last: 0, daily: 0 }]) {
    await expect(plan('/does/not/exist', { policy })).rejects.toMatchObject({ code: 'KEEPS_NOTHING' });
  }
});

test('no folder is an error', async () => {
  const folder = await makeFolder({ a: 'a' });
  await expect(plan(join(folder, 'a'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  await expect(plan(join(folder, 'b'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('stopped in the middle, what is gone was told', async () => {
  const folder = await makeFolder(DAYS);
  const planned = await plan(folder);
  const controller = new AbortController();
  const told: string[] = [];
  const stopped = carryOut(planned, controller.signal, (name) => {
    told.push(name);
    controller.abort(new Error('stop'));
  });
  await expect(stopped).rejects.toThrow('stop');
  expect(told).toEqual(['17.jsonl']);
  expect(await namesIn(folder)).toEqual(['18.jsonl', '19.jsonl', '20.jsonl']);
});
