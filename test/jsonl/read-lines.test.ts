import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_LINE_BYTES } from '../../src/jsonl/line-splitter.ts';
import { readLines } from '../../src/jsonl/read-lines.ts';

async function fileOf(text: string | Buffer): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'lines');
  await writeFile(path, text);
  return path;
}

async function read(
  path: string,
): Promise<{ text: string; number: number; isTorn: boolean; isOverlong: boolean }[]> {
  const found = [];
  for await (const lines of readLines(path)) {
    for (const { bytes, number, isTorn, isOverlong } of lines) {
      found.push({ text: bytes.toString(), number, isTorn, isOverlong });
    }
  }
  return found;
}

test('lines are what split finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'é') }), { maxLength: 20 }),
      async (parts) => {
        const text = parts.join('');
        const expected = text
          .split('\n')
          .map((line, at) => ({ text: line, number: at + 1, isTorn: false, isOverlong: false }));
        const last = expected.pop()!;
        if (last.text !== '') expected.push({ ...last, isTorn: true });
        expect(await read(await fileOf(text))).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test('lines go over the ends of chunks', async () => {
  const lines = Array.from({ length: 30 }, (_, at) => String(at).repeat(60_000));
  expect((await read(await fileOf(`${lines.join('\n')}\n`))).map(({ text }) => text)).toEqual(lines);
});

test('a line beyond the bound is passed over, and the next one is read', async () => {
  const path = await fileOf(`a\n${'x'.repeat(MAX_LINE_BYTES + 2_000_000)}\nb\n`);
  expect(await read(path)).toEqual([
    { text: 'a', number: 1, isTorn: false, isOverlong: false },
    { text: '', number: 2, isTorn: false, isOverlong: true },
    { text: 'b', number: 3, isTorn: false, isOverlong: false },
  ]);
});

test('what is appended while reading is not read', async () => {
  const path = await fileOf('a\nb\n');
  const found: string[] = [];
  for await (const lines of readLines(path)) {
    found.push(...lines.map(({ bytes }) => bytes.toString()));
    await appendFile(path, 'c\n');
  }
  expect(found).toEqual(['a', 'b']);
});

test('a missing file has no lines, a folder is an error', async () => {
  expect(await read(join(tmpdir(), 'mesh-backup-there-is-no-such-file'))).toEqual([]);
  await expect(read(tmpdir())).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('a BOM is no part of the first line, and none of any other', async () => {
  expect((await read(await fileOf('\ufeffa\n\ufeffb\n'))).map(({ text }) => text)).toEqual(['a', '\ufeffb']);
});

test.skipIf(process.platform === 'win32')('a pipe is read to its end, although it has no size', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'pipe');
  execFileSync('mkfifo', [path]);
  const [lines] = await Promise.all([read(path), writeFile(path, 'a\nb\n')]);
  expect(lines.map(({ text }) => text)).toEqual(['a', 'b']);
});
