import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LineWriter } from '../../src/archive/line-writer.ts';
import { selectEvents } from '../../src/archive/select.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { LineSplitter } from '../../src/jsonl/line-splitter.ts';
import { makeHistory } from '../../src/sandbox/history.ts';

const ALL = {
  filter: { services: [], naras: [] },
  ids: [],
  proof: 'signed',
  pinnedKeys: [],
  invert: false,
  limit: Infinity,
  sample: undefined,
  signal: new AbortController().signal,
  write: () => Promise.resolve(),
} as const;

test('what is read twice is one file, whatever its name stands for meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  try {
    const path = join(folder, 'backup');
    const [ledger] = makeHistory({ naras: 1, eventsPerNara: 100, pageSize: 50 }).ledgers;
    await writeFile(path, ledger!.map(({ line }) => `${line}\n`).join(''));
    const file = (await LineFile.open(path))!;
    await rm(path);
    const { input } = await selectEvents({ ...ALL, files: [file] });
    await file.close();
    expect(input.events).toBe(100);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a stream that is read twice and was cut is told all the same', async () => {
  const lines = makeHistory({ naras: 1, eventsPerNara: 100, pageSize: 50 }).ledgers[0]!;
  const packed = gzipSync(lines.map(({ line }) => `${line}\n`).join('')).subarray(0, 5000);
  const file = await LineFile.ofStream('stdin', Readable.from([packed]));
  const { input } = await selectEvents({ ...ALL, files: [file] });
  expect(input.damage).toEqual(['stdin: the gzip stream is cut off']);
});

test('lines of two pieces of a text are never taken for neighbours', async () => {
  const [first, second] = [new LineSplitter(), new LineSplitter()];
  const [a] = first.split(Buffer.from('abcd\n'));
  const [, b] = second.split(Buffer.from('1234\n5678\n'));
  let written = '';
  const writer = new LineWriter((bytes) => Promise.resolve(void (written += bytes.toString())));
  writer.add(a!);
  writer.add(b!);
  await writer.flush();
  await writer.flush();
  expect([written, writer.lines, writer.bytes]).toEqual(['abcd\n5678\n', 2, 10]);
});
