/**
 * `node bench/bare-verify.js signatures|parse FILE`: what verify.js is held against, on one thread. `signatures` times
 * nothing but `crypto.verify`, one after the other, everything else done before; `parse` times reading the file and
 * `JSON.parse` of each line.
 */
import { createPublicKey, verify } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readLine } from '../dist/event/event-view.js';
import { signableDigest } from '../dist/event/id.js';

const [kind, path] = process.argv.slice(2);
const { count, elapsedMs } = kind === 'parse' ? await parseAll() : await verifyAll();
process.stdout.write(JSON.stringify({ count, elapsedMs }));

/** The quickest way that Node has: the file in one piece, cut at line feeds. */
function parseAll() {
  const startMs = performance.now();
  const bytes = readFileSync(path);
  let count = 0;
  for (let start = 0, end; (end = bytes.indexOf(10, start)) !== -1; start = end + 1) {
    if (JSON.parse(bytes.toString('utf8', start, end)).id !== undefined) count++;
  }
  return { count, elapsedMs: performance.now() - startMs };
}

async function verifyAll() {
  const keys = new Map();
  const jobs = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const event = readLine(Buffer.from(line));
    if (event.payload.svc === 'hey-there') keys.set(event.emitter, keyOf(event.payload.publicKey));
    jobs.push([signableDigest(event), keys.get(event.emitter), Buffer.from(event.sig, 'base64')]);
  }
  const startMs = performance.now();
  let count = 0;
  for (const [digest, key, signature] of jobs) if (verify(null, digest, key, signature)) count++;
  return { count, elapsedMs: performance.now() - startMs };
}

function keyOf(text) {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(text, 'base64')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
