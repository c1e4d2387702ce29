/**
 * A nara that reads each import, counts its events and says that it took them, in a process of its own: forked by restore.js. To each message
 * it answers with what happened since the last one; a message that names a file has it keep the bodies there from then on.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';

/** Events begin so, as servers write them; a client holds the count against what it sent. */
const EVENT = Buffer.from('{"id":"');
/** The lengths of bodies. */
let bodies = [];
let record;

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(404).end(); // it tells nothing of itself
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => {
    chunks.push(chunk);
    if (record !== undefined) writeSync(record, chunk);
  });
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    bodies.push(body.length);
    const taken = JSON.stringify({ success: true, imported: countEvents(body), duplicates: 0 });
    response.writeHead(200, { 'content-type': 'application/json' }).end(taken);
  });
});

function countEvents(body) {
  let count = 0;
  for (let at = body.indexOf(EVENT); at !== -1; at = body.indexOf(EVENT, at + EVENT.length)) count++;
  return count;
}

process.on('message', ({ recordTo }) => {
  const { user, system } = process.cpuUsage();
  process.send({ bodies, cpuMs: (user + system) / 1000 });
  bodies = [];
  if (record !== undefined) closeSync(record);
  record = recordTo === undefined ? undefined : openSync(recordTo, 'w');
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}` });
});
