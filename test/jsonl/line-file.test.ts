import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, open, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GzipMembers } from '../../src/jsonl/gzip-members.ts';
import { LineFile, type Line } from '../../src/jsonl/line-file.ts';
import { MAX_LINE_BYTES } from '../../src/jsonl/line-splitter.ts';

const newPath = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'lines');

async function fileOf(content: string | Buffer): Promise<string> {
  const path = await newPath();
  await writeFile(path, content);
  return path;
}

interface Found {
  readonly lines: string[];
  readonly offsets: number[];
  readonly endsTorn: boolean;
  readonly damage: readonly string[];
  readonly raw: Buffer;
  readonly plain: Buffer;
}

async function read(path: string): Promise<Found> {
  const file = (await LineFile.open(path))!;
  const [raw, plain]: [Buffer[], Buffer[]] = [[], []];
  const found = { lines: [] as string[], offsets: [] as number[], endsTorn: false };
  const observe = {
    raw: (bytes: Buffer) => raw.push(bytes),
    plain: (bytes: Buffer) => plain.push(bytes),
  };
  for await (const lines of file.batches(observe)) {
    for (const line of lines) {
      found.lines.push(line.bytes.toString());
      found.offsets.push(line.offset);
      found.endsTorn = line.isTorn;
    }
  }
  await file.close();
  await file.close();
  return { ...found, damage: file.damage, raw: Buffer.concat(raw), plain: Buffer.concat(plain) };
}

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${at} ${(at * 2654435761) % 4294967291}\n`).join('');
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

test('what is written in members is read again, however it was cut, and its offsets are true', async () => {
  const line = fc.tuple(fc.string({ unit: fc.constantFrom('a', 'é', '\r') }), fc.nat({ max: 300_000 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 12 }),
      async (made, ends) => {
        const texts = made.map(([text, times]) => `${text}${'x'.repeat(times)}\n`);
        const path = await newPath();
        const file = await open(path, 'w');
        const members = new GzipMembers(async (bytes) => {
          await file.writeFile(bytes);
        });
        let call = '';
        for (const [at, text] of texts.entries()) {
          call += text;
          if (!ends[at]) continue;
          await members.write(Buffer.from(call));
          call = '';
        }
        await members.write(Buffer.from(call));
        await members.end();
        await file.close();
        const found = await read(path);
        const text = texts.join('');
        expect(found.plain.toString()).toBe(text);
        expect(found).toMatchObject({ lines: linesOf(text), endsTorn: false, damage: [] });
        for (const [at, offset] of found.offsets.entries()) {
          expect(found.plain.toString('utf8', offset, offset + Buffer.byteLength(texts[at]!))).toBe(
            texts[at],
          );
        }
      },
    ),
    { numRuns: 25 },
  );
});

test('a plain file can be read anywhere, a compressed one cannot, whatever its name is', async () => {
  const plain = (await LineFile.open(await fileOf('\ufeffone\ntwo\n')))!;
  expect(plain).toMatchObject({ isCompressed: false, isSeekable: true });
  const first: Line[] = [];
  for await (const lines of plain.batches()) first.push(...lines);
  const [one, two] = first;
  expect([one!.offset, two!.offset]).toEqual([3, 7]);
  const buffer = Buffer.alloc(10);
  expect(plain.read(buffer, two!.offset, two!.offset + 3)).toBe(3);
  expect(buffer.toString('utf8', 0, 3)).toBe('two');
  expect(plain.read(buffer, 7, 100)).toBe(4);
  await plain.close();
  expect(() => plain.read(buffer, 0, 1)).toThrow(
    expect.objectContaining({ code: 'FILE_UNREADABLE' }) as Error,
  );

  const compressed = (await LineFile.open(await fileOf(gzipSync('one\n'))))!;
  expect(compressed).toMatchObject({ isCompressed: true, isSeekable: false });
  await compressed.close();
});

test('what is raw and what is plain is told whole', async () => {
  const gz = gzipSync(numbered(30_000));
  const { raw, plain } = await read(await fileOf(gz));
  expect(raw.equals(gz)).toBe(true);
  expect(plain.toString()).toBe(numbered(30_000));
  const text = Buffer.from('\ufeffone\ntwo');
  expect(await read(await fileOf(text))).toMatchObject({
    raw: text,
    plain: text,
    offsets: [3, 7],
    endsTorn: true,
  });
});

test('a file is read once, and only as it was when it was opened', async () => {
  const path = await fileOf('one\n');
  const file = (await LineFile.open(path))!;
  await appendFile(path, 'two\n');
  const found = [];
  for await (const lines of file.batches()) found.push(...lines);
  expect(found).toHaveLength(1);
  await expect(file.batches().next()).rejects.toThrow('read already');
  await file.close();
});

test('a file that becomes shorter is damaged', async () => {
  const path = await fileOf('one\ntwo\n');
  const file = (await LineFile.open(path))!;
  await truncate(path, 5);
  for await (const lines of file.batches()) expect(lines.length).toBeGreaterThan(0);
  expect(file.damage).toEqual(['the file became shorter while it was read']);
  await file.close();
});

test('overlong lines are damage, told once, and do not hide the lines around them', async () => {
  const long = 'x'.repeat(MAX_LINE_BYTES + 1);
  const bound = `longer than ${MAX_LINE_BYTES} bytes`;
  expect(await read(await fileOf(`one\n${long}\nthree\n`))).toMatchObject({
    lines: ['one', '', 'three'],
    offsets: [0, 4, 4 + MAX_LINE_BYTES + 2],
    damage: [`line 2 is ${bound}`],
  });
  expect((await read(await fileOf(`${long}\n${long}\n`))).damage).toEqual([
    `2 lines are ${bound}, line 1 is the first`,
  ]);
  expect((await read(await fileOf(`${long.slice(1)}\n`))).damage).toEqual([]);
});

test('a bomb of one endless line stays within memory', async () => {
  const member = gzipSync(Buffer.alloc(64 * 2 ** 20));
  const path = await fileOf(Buffer.concat(Array<Buffer>(8).fill(member)));
  const file = (await LineFile.open(path))!;
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let plainBytes = 0;
  const plain = (bytes: Buffer): void => {
    plainBytes += bytes.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const found = [];
  for await (const lines of file.batches({ plain })) found.push(...lines);
  await file.close();
  expect(plainBytes).toBe(2 ** 29);
  expect(found).toMatchObject([{ bytes: Buffer.alloc(0), isOverlong: true, isTorn: true }]);
  expect(most).toBeLessThan(200 * 2 ** 20);
});

test('a cut gzip stream gives all it can, and says that it is cut', async () => {
  const text = numbered(20_000);
  const gz = gzipSync(text);
  const half = await read(await fileOf(gz.subarray(0, gz.length / 2)));
  expect(half.damage).toEqual(['the gzip stream is cut off']);
  expect(text.startsWith(half.plain.toString())).toBe(true);
  expect(half.plain.length).toBeGreaterThan(text.length * 0.45);
  expect(half.endsTorn).toBe(true);

  for (const lacking of [1, 8]) {
    expect(await read(await fileOf(gz.subarray(0, -lacking)))).toMatchObject({
      lines: linesOf(text),
      damage: ['the gzip stream is cut off'],
    });
  }
  expect(await read(await fileOf(Buffer.concat([gz, gz.subarray(0, 2)])))).toMatchObject({
    lines: linesOf(text),
    damage: ['the gzip stream is cut off'],
  });
  expect(await read(await fileOf(gz.subarray(0, 2)))).toMatchObject({
    lines: [],
    damage: ['the gzip stream is cut off'],
  });
});

test('a damaged gzip stream gives all that comes before the damage, and every raw byte', async () => {
  const text = numbered(100_000);
  const [before, after] = [gzipSync(text), gzipSync('after\n')];
  const bad = Buffer.from(before);
  bad[bad.length - 6]! ^= 1; // of the checksum
  for (const content of [
    Buffer.concat([bad, after, Buffer.alloc(3_000_000)]),
    Buffer.concat([before, Buffer.from('rubbish'), after]),
  ]) {
    const found = await read(await fileOf(content));
    expect(found.lines).toEqual(linesOf(text));
    expect(found.damage).toEqual([expect.stringContaining('the gzip stream is damaged: incorrect')]);
    expect(found.raw.equals(content)).toBe(true);
  }
});

test.each([
  ['zeros', Buffer.alloc(5)],
  ['a single zero', Buffer.alloc(1)],
  ['very many zeros', Buffer.alloc(300_000)],
])('zeros behind the last member are no damage, as gzip has it: %s', async (_, rest) => {
  const content = Buffer.concat([gzipSync('one\n'), rest]);
  expect(await read(await fileOf(content))).toMatchObject({ lines: ['one'], damage: [], raw: content });
});

test.each([
  ['a member', Buffer.concat([Buffer.alloc(5), gzipSync('two\n')])],
  ['text, far off', Buffer.concat([Buffer.alloc(300_000), Buffer.from('two\n')])],
])('what zlib passes over in silence behind zeros is damage: %s', async (_, rest) => {
  const content = Buffer.concat([gzipSync('one\n'), rest]);
  expect(await read(await fileOf(content))).toMatchObject({
    lines: ['one'],
    damage: ['the gzip stream is followed by something that is not gzip'],
    raw: content,
  });
});

test('zeros behind a member are noticed wherever they begin', async () => {
  // So that the member ends where a piece, and a chunk, that zlib is fed with ends.
  for (const size of [16 * 1024, 1024 * 1024]) {
    const content = memberOf(size);
    expect(content).toHaveLength(size);
    expect((await read(await fileOf(content))).damage).toEqual([]);
    expect((await read(await fileOf(Buffer.concat([content, Buffer.alloc(3)])))).damage).toEqual([]);
    const more = Buffer.concat([content, Buffer.alloc(3), Buffer.from('x')]);
    expect((await read(await fileOf(more))).damage).toHaveLength(1);
    expect((await read(await fileOf(Buffer.concat([content, content])))).damage).toEqual([]);
  }
});

function memberOf(size: number): Buffer {
  for (let length = size - 200; length < size; length++) {
    const member = gzipSync(Buffer.alloc(length, 'x\n'), { level: 0 });
    if (member.length === size) return member;
  }
  throw new Error('no member has this size');
}

test.skipIf(process.platform === 'win32')(
  'gzip in a pipe is known by its first bytes, none is lost',
  async () => {
    const path = await newPath();
    execFileSync('mkfifo', [path]);
    const gz = gzipSync(numbered(10_000));
    for (const content of [gz, Buffer.from('one\n'), Buffer.from('\n'), Buffer.alloc(0)]) {
      const [found] = await Promise.all([read(path), writeByteFirst(path, content)]);
      const text = content === gz ? numbered(10_000) : content.toString();
      expect(found).toMatchObject({ lines: linesOf(text), damage: [], raw: content });
    }
    const [cut] = await Promise.all([read(path), writeByteFirst(path, gz.subarray(0, -4))]);
    expect(cut).toMatchObject({ lines: linesOf(numbered(10_000)), damage: ['the gzip stream is cut off'] });
  },
);

async function writeByteFirst(path: string, content: Buffer): Promise<void> {
  const pipe = await open(path, 'w');
  await pipe.writeFile(content.subarray(0, 1));
  for (let turn = 0; turn < 1000; turn++) await setImmediate(); // so that the reader has the byte alone, most likely
  await pipe.writeFile(content.subarray(1));
  await pipe.close();
}

test('a reader that stops early closes what it opened', async () => {
  const file = (await LineFile.open(await fileOf(gzipSync(numbered(200_000)))))!;
  for await (const lines of file.batches()) {
    expect(lines.length).toBeGreaterThan(0);
    break;
  }
  await file.close();
  expect(file.damage).toEqual([]);
});

test('a missing file is undefined, a folder is an error', async () => {
  expect(await LineFile.open(join(tmpdir(), 'mesh-backup-there-is-no-such-file'))).toBeUndefined();
  await expect(LineFile.open(tmpdir())).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
