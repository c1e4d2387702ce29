import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LineFile } from '../../src/jsonl/line-file.ts';

async function linesOf(stream: Readable): Promise<{ lines: string[]; file: LineFile }> {
  const file = await LineFile.ofStream('stdin', stream);
  const lines: string[] = [];
  for await (const batch of file.batches()) for (const { bytes } of batch) lines.push(bytes.toString());
  await file.close();
  return { lines, file };
}

function pieces(...texts: (string | Buffer)[]): Readable {
  return Readable.from(texts.map((text) => Buffer.from(text)));
}

test('lines of a stream, however it is cut', async () => {
  const { lines, file } = await linesOf(pieces('a', 'b\nc', '', '\n', 'd'));
  expect(lines).toEqual(['ab', 'c', 'd']);
  expect([file.size, file.isSeekable, file.isCompressed]).toEqual([Infinity, false, false]);
});

test('gzip is known by its first bytes, also when they come one by one', async () => {
  const packed = gzipSync('a\nb\n');
  const { lines, file } = await linesOf(
    pieces(packed.subarray(0, 1), packed.subarray(1, 2), packed.subarray(2)),
  );
  expect(lines).toEqual(['a', 'b']);
  expect(file.isCompressed).toBe(true);
});

test('an empty stream has no lines', async () => {
  expect((await linesOf(pieces())).lines).toEqual([]);
});

test('a stream that fails is a file that cannot be read, at its beginning or later', async () => {
  const broken = new PassThrough();
  broken.destroy(new Error('gone'));
  const named = { code: 'FILE_UNREADABLE', message: 'Cannot read stdin: gone' };
  await expect(linesOf(broken)).rejects.toMatchObject(named);
  async function* halfway(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from('abc\n'));
    throw new Error('gone');
  }
  await expect(linesOf(Readable.from(halfway()))).rejects.toMatchObject(named);
});
