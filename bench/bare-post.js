/**
 * What a restore is held against: `node bench/bare-post.js URL BODIES LENGTHS` posts the very bodies that a restore
 * posted, one at a time on one connection. They lie in a file, one behind the other, with a list of their lengths (JSON)
 * beside it; the next is read while one is under way, as a restore makes its next ready.
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import { Client } from 'undici';

const [url, bodiesFile, lengthsFile] = process.argv.slice(2);
const lengths = JSON.parse(readFileSync(lengthsFile, 'utf8'));
const fd = openSync(bodiesFile, 'r');
const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.max(...lengths)));

const startedMs = performance.now();
const client = new Client(url);
let body = readBody(0);
for (const index of lengths.keys()) {
  const posting = post(body);
  if (index + 1 < lengths.length) body = readBody(index + 1);
  await posting;
}
await client.close();
process.stdout.write(JSON.stringify({ elapsedMs: performance.now() - startedMs }));

/** The bodies are read in order, into one buffer and the other. */
function readBody(index) {
  const into = buffers[index % 2].subarray(0, lengths[index]);
  if (readSync(fd, into) < into.length) throw new Error(`${bodiesFile} is too short`);
  return into;
}

async function post(bytes) {
  const { statusCode, body: answer } = await client.request({
    method: 'POST',
    path: '/api/events/import',
    headers: { 'content-type': 'application/json' },
    body: bytes,
  });
  await answer.dump();
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
}
