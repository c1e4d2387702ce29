import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { kindOfHead } from '../../src/keeping/kind-of.ts';

function tar(name: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('ustar\x0000', 257, 'latin1');
  return Buffer.concat([header, Buffer.alloc(1024)]);
}

const head = (bytes: Buffer): Buffer => bytes.subarray(0, 4096);
const SQLITE = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(100)]);

test('a backup is known by what it holds', () => {
  expect(kindOfHead(Buffer.from('{"id":"1"}\n'))).toBe('events');
  expect(kindOfHead(Buffer.from(' \r\n\n{'))).toBe('events');
  expect(kindOfHead(gzipSync('{"id":"1"}\n'))).toBe('events');
  expect(kindOfHead(head(gzipSync(tar('manifest.json'))))).toBe('snapshot');
  expect(kindOfHead(SQLITE)).toBe('managed');
});

test('the beginning of a long one is enough', () => {
  const noise = Buffer.concat([
    tar('db'),
    Buffer.from(Array.from({ length: 1e5 }, (_, at) => (at * at) % 251)),
  ]);
  expect(kindOfHead(head(gzipSync(noise)))).toBe('snapshot');
});

test('an event that bears the mark of a tar stays one', () => {
  const line = `{"a":"${'x'.repeat(251)}ustar"}\n`;
  expect(line.slice(257, 262)).toBe('ustar');
  expect(kindOfHead(gzipSync(line))).toBe('events');
});

test.each([
  ['nothing', Buffer.alloc(0), 'empty'],
  ['a text', Buffer.from('hello'), 'no backup by its content'],
  ['a compressed text', gzipSync('hello'), 'no backup by its content'],
  ['a compressed nothing', gzipSync(''), 'no backup by its content'],
  ['a bare tar', tar('a'), 'a tar that is not compressed'],
  ['a compressed database', gzipSync(SQLITE), 'a compressed database'],
  ['half a magic', Buffer.of(0x1f), 'no backup by its content'],
  [
    'damaged gzip',
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff]),
    'gzip, damaged from its beginning on',
  ],
])('%s is no backup', (_, bytes, reason) => {
  expect(kindOfHead(bytes)).toEqual({ reason });
});
