import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { KeyRing } from '../../src/event/keyring.ts';
import { LineFile } from '../../src/jsonl/line-file.ts';
import { FileRuns } from '../../src/merge/file-runs.ts';
import { emptyTally, merge } from '../../src/merge/merge.ts';
import { RunPool } from '../../src/merge/run-pool.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { drain, linesOf, viewOf } from './events.ts';

/** More than a batch of lines that is read at a time, and than the memory that it is given. */
const LINES = Array.from({ length: 12_000 }, (_, at) => {
  const payload = { observer: 'alice', subject: 'bob', via: `${at}${'x'.repeat(200)}` };
  return makeEvent({ tsNs: BigInt(at >> 1), svc: 'seen', payload }).line;
});
const SORTED = linesOf(LINES.map(viewOf).sort((a, b) => Number(a.tsNs - b.tsNs) || (a.id < b.id ? -1 : 1)));

const halves = [...SORTED.slice(6000), ...SORTED.slice(0, 6000)];
const reversed = [...SORTED].reverse();

test.each<[string, string | Buffer, number | undefined]>([
  ['sorted', `${SORTED.join('\n')}\n`, 0],
  ['sorted, with rubbish between', `${SORTED.join('\nrubbish\n')}\n`, 0],
  ['two nights, one after the other', `${halves.join('\n')}\n`, undefined],
  ['the wrong way round', `${reversed.join('\n')}\n`, undefined],
  ['the wrong way round, each line as long as a batch is not', `${reversed.join('\r\n')}\r\n`, undefined],
  ['with blanks around and a torn end', SORTED.map((line) => ` ${line}\t`).join('\n'), undefined],
  ['compressed', gzipSync(`${SORTED.join('\n')}\n`), undefined],
])('a file, %s: all of it comes out, in order', async (_, content, waiting) => {
  const path = join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'file');
  await writeFile(path, content);
  const file = (await LineFile.open(path))!;
  const pool = new RunPool({ memoryBytes: 500_000 });
  const runs = new FileRuns(file, { label: 'file', holder: undefined, role: 'source' }, pool);
  for await (const lines of file.batches()) {
    runs.add(
      lines
        .filter(({ bytes }) => bytes.includes('{'))
        .map((line) => ({ line, event: viewOf(line.bytes.toString()) })),
    );
  }
  const inPool = pool.finish();
  if (waiting !== undefined) expect(inPool).toHaveLength(waiting);
  const options = { pool, keys: new KeyRing(), tally: emptyTally() };
  expect(linesOf(await drain(merge([...runs.inPlace, ...inPool], options)))).toEqual(SORTED);
  pool.close();
  await file.close();
});
