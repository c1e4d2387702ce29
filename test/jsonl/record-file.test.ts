import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RecordFile } from '../../src/jsonl/record-file.ts';

const newPath = async (): Promise<string> =>
  join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'records.ndjson');

async function add(path: string, ...records: Record<string, string>[]): Promise<string> {
  const file = await RecordFile.open(path);
  for (const record of records) await file.add(record);
  await file.close();
  return readFile(path, 'utf8');
}

test('records are united with what is there', async () => {
  const path = await newPath();
  expect(await add(path, { a: '1' }, { a: '2' }, { a: '1' })).toBe('{"a":"1"}\n{"a":"2"}\n');
  expect(await add(path, { a: '2' }, { a: '3' })).toBe('{"a":"1"}\n{"a":"2"}\n{"a":"3"}\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a torn last line is closed off, and strange lines stay', async () => {
  const path = await newPath();
  await writeFile(path, 'not json\n{"a":"1"}\n{"a":');
  expect(await add(path, { a: '1' }, { a: '2' })).toBe('not json\n{"a":"1"}\n{"a":\n{"a":"2"}\n');
});

test('a line that is null is no end of the file', async () => {
  const path = await newPath();
  await writeFile(path, ' null\n{"a":"1"}\n');
  expect(await add(path, { a: '1' }, { a: '2' })).toBe(' null\n{"a":"1"}\n{"a":"2"}\n');
});

test('a place that cannot be written is an error', async () => {
  await expect(RecordFile.open(tmpdir())).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

test.skipIf(process.platform !== 'linux')('a pipe and a device are written straight through', async () => {
  const path = await newPath();
  execFileSync('mkfifo', [path]);
  const written = readFile(path, 'utf8');
  const file = await RecordFile.open(path);
  await file.add({ a: '1' });
  await file.close();
  expect(await written).toBe('{"a":"1"}\n');

  const full = await RecordFile.open('/dev/full');
  await expect(full.add({ a: '1' })).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  await full.close();
});
