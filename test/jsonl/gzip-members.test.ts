import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GzipMembers } from '../../src/jsonl/gzip-members.ts';

const MIB = 2 ** 20;

/** Every member, given the text in calls. */
async function membersOf(...calls: string[]): Promise<Buffer[]> {
  const members: Buffer[] = [];
  const gzip = new GzipMembers((bytes) => {
    members.push(bytes);
    return Promise.resolve();
  });
  const shared = Buffer.alloc(8 * MIB);
  for (const call of calls) {
    const length = shared.write(call);
    await gzip.write(shared.subarray(0, length));
    shared.fill('?', 0, length); // the buffer is the caller's again
  }
  await gzip.end();
  return members;
}

test('the bytes do not depend on how the text was cut into calls', async () => {
  const line = fc.nat({ max: 400_000 }).map((length) => `${'x'.repeat(length)}\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 15 }), async (lines) => {
      const [atOnce, oneByOne] = [await membersOf(lines.join('')), await membersOf(...lines)];
      expect(oneByOne.length).toBe(atOnce.length);
      expect(Buffer.concat(oneByOne).equals(Buffer.concat(atOnce))).toBe(true);
      expect(gunzipSync(Buffer.concat(atOnce)).toString()).toBe(lines.join(''));
    }),
    { numRuns: 25 },
  );
});

test('a member ends with the line that fills a MiB', async () => {
  const line = `${'x'.repeat(1023)}\n`;
  const texts = (members: Buffer[]): number[] => members.map((member) => gunzipSync(member).length);
  expect(texts(await membersOf(line.repeat(1024)))).toEqual([MIB]);
  expect(texts(await membersOf(line.repeat(1025)))).toEqual([MIB, 1024]);
  expect(texts(await membersOf(`y${line.repeat(2048)}`))).toEqual([MIB + 1, MIB]);
  expect(texts(await membersOf(`${'x'.repeat(3 * MIB)}\n`, line))).toEqual([3 * MIB + 1, 1024]);
});

test('an empty text is one empty member', async () => {
  const members = await membersOf();
  expect(members.map((member) => gunzipSync(member).length)).toEqual([0]);
  expect(await membersOf('')).toEqual(members);
});

test('the header names no time and no system', async () => {
  const [member] = await membersOf('one\n');
  expect(member!.toString('hex', 0, 10)).toBe('1f8b08000000000000ff');
});

test.skipIf(process.platform === 'win32')('gzip itself reads it', async () => {
  const lines = `${'z'.repeat(MIB)}\none\n`;
  const input = Buffer.concat(await membersOf(lines));
  expect(execFileSync('gzip', ['-dc'], { input, maxBuffer: 4 * MIB }).toString()).toBe(lines);
});

test('a write that fails is an error of the call', async () => {
  const gzip = new GzipMembers(() => Promise.reject(new Error('full')));
  await gzip.write(Buffer.from('one\n'));
  await expect(gzip.write(Buffer.alloc(2 * MIB, '\n'))).rejects.toThrow('full');
});
