/**
 * What a dump is held against: `node bench/bare-fetch.js FILE` sends the very requests that a dump sent (the JSON file
 * has a list for each peer: its URL, and what it was asked), five peers at a time, one connection each, and drops the
 * answers. The signature on its requests is made up, which the bench's peers do not mind.
 */
import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { Client } from 'undici';

const WORKERS = 5;
const HEADERS = {
  'accept-encoding': 'identity',
  'content-type': 'application/json',
  'x-nara-name': 'alice',
  'x-nara-timestamp': '1767225600000',
  'x-nara-signature': `${'A'.repeat(86)}==`,
};

const peers = JSON.parse(await readFile(process.argv[2], 'utf8'));
const startedMs = performance.now();
const limit = pLimit(WORKERS);
const bytes = await Promise.all(peers.map((peer) => limit(() => fetchAll(peer))));
const elapsedMs = performance.now() - startedMs;
process.stdout.write(JSON.stringify({ elapsedMs, bodyBytes: bytes.reduce((sum, one) => sum + one, 0) }));

/** How many bytes the answers to all requests had. */
async function fetchAll({ url, requests }) {
  const { origin, pathname } = new URL(url);
  const client = new Client(origin);
  let bodyBytes = 0;
  for (const { method, path, body } of requests) {
    const answer = await client.request({
      method,
      path: pathname + path,
      headers: HEADERS,
      body: method === 'POST' ? body : null,
    });
    for await (const chunk of answer.body) bodyBytes += chunk.length;
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode} for ${path}`);
  }
  await client.close();
  return bodyBytes;
}
