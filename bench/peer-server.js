/**
 * All peers of a row of the table, in a process of their own: forked by dump.js with the row's meshes as its argument,
 * as JSON. Each peer has a path on one port. What is asked for the first time is worked out and kept; the first run of
 * a row is there for that, and its requests are written down for the bare fetch.
 */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Prng } from '../dist/sandbox/prng.js';
import { makeIdentity } from '../dist/sandbox/sandbox-identity.js';
import { makeMeshes } from './meshes.js';
import { PreparedPeer } from './prepared-peer.js';

const prng = new Prng('peers');
const meshes = makeMeshes(JSON.parse(process.argv[2]));
const peers = [];
/** Requests since the last time that somebody asked for them, each with the index of its peer. */
let requests = [];
let bodyBytes = 0;

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  handle(request, response).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    response.destroy();
  });
});

async function handle(request, response) {
  const requestBody = request.method === 'POST' ? await text(request) : '';
  const [, index, path] = /^\/(\d+)(\/.*)$/.exec(request.url);
  const { headers, body } = peers[index].answer(request.method, path, requestBody);
  requests.push({ peer: Number(index), method: request.method, path, body: requestBody });
  bodyBytes += body.length;
  response.writeHead(200, headers);
  response.end(body);
}

/** What happened since the last time. */
function takeReport() {
  const { user, system } = process.cpuUsage();
  const prepared = peers.reduce((sum, peer) => sum + peer.prepared, 0);
  const report = { requests, bodyBytes, cpuMs: (user + system) / 1000, prepared };
  requests = [];
  bodyBytes = 0;
  return report;
}

function describe(ledgers, port) {
  const urls = ledgers.map((events) => {
    const index = peers.push(new PreparedPeer(makeIdentity(`peer-${peers.length + 1}`, prng), events)) - 1;
    return `http://127.0.0.1:${port}/${index}`;
  });
  const given = ledgers.reduce((sum, { length }) => sum + length, 0);
  return { urls, given, distinct: new Set(ledgers.flat()).size };
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const described = Object.entries(meshes).map(([name, ledgers]) => [name, describe(ledgers, port)]);
  const { name, soul } = makeIdentity('alice', prng);
  process.on('message', () => process.send(takeReport()));
  process.on('disconnect', () => process.exit());
  process.send({ name, soul, meshes: Object.fromEntries(described) });
});
