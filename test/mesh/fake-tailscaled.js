#!/usr/bin/env node
/**
 * Stands in for tailscaled: takes its flags, says its port, and answers its LocalAPI. FAKE_TAILSCALED, in JSON, says how:
 * `record`: a file for what happens to it, a JSON object a line; `states`: what `status` shows after the login, one after
 * another, the last one from then on; `health`: with them; `dies`: says this and ends with 1 (`at`: 'start', or the name of a
 * call); `isMute`: says no port; `hangs`: names of what it never answers or heeds ('logout', 'SIGTERM', …); `refuses`: calls, by
 * method, name and text in the body, that are answered with 500 and their own body; `machines`: lists of host name and address
 * that `status` shows, one after another; `proxy`: the port that it says.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { isDeepStrictEqual } from 'node:util';

const HOST = 'local-tailscaled.sock';
const behaviour = JSON.parse(process.env['FAKE_TAILSCALED'] ?? '{}');
const { states = ['Running'], health = {}, dies, hangs = [], refuses = [], isMute = false } = behaviour;
const { machines = [[['n1', '100.64.0.1']]], proxy = 41057 } = behaviour;
const lists = [...machines];
const looks = [...states];
let isLoggedIn = false;

function record(what) {
  if (behaviour.record !== undefined) appendFileSync(behaviour.record, `${JSON.stringify(what)}\n`);
}

function flag(name) {
  return process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}

function dieAt(place) {
  if (dies?.at !== place) return;
  process.stderr.write(`${dies.says}\n`, () => process.exit(1));
}

function status() {
  const state = !isLoggedIn ? 'NeedsLogin' : looks.length > 1 ? looks.shift() : looks[0];
  return {
    Version: '1.92.4-fake',
    BackendState: state,
    Health: health[state] ?? [],
    CurrentTailnet: { Name: 'fake.test' },
    Self: { HostName: 'fake', TailscaleIPs: ['100.64.0.9'], Online: true },
    Peer: Object.fromEntries(
      (lists.length > 1 && state === 'Running' ? lists.shift() : lists[0]).map(([HostName, address]) => [
        `nodekey:${address}`,
        { HostName, TailscaleIPs: [address], Online: true },
      ]),
    ),
  };
}

function answer(request, response, body) {
  const { method, url, headers } = request;
  if (headers.host !== HOST || headers.origin !== undefined) {
    response.writeHead(403).end('invalid localapi request');
    return;
  }
  const name = url.replace('/localapi/v0/', '');
  if (name === 'status' && method === 'GET') {
    dieAt(name);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status()));
    return;
  }
  record({ call: `${method} ${name}`, ...(body !== '' && { json: JSON.parse(body) }) });
  dieAt(name);
  if (hangs.includes(name)) return;
  const isRefused = ([toMethod, toName, text]) =>
    isDeepStrictEqual([toMethod, toName], [method, name]) && body.includes(text);
  if (refuses.some(isRefused)) {
    response.writeHead(500).end(body);
    return;
  }
  if (name === 'login-interactive') isLoggedIn = true;
  response.writeHead(name === 'prefs' ? 200 : 204).end();
}

record({ argv: process.argv.slice(2), env: process.env, pid: process.pid });
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  process.on(signal, () => {
    record({ signal });
    if (!hangs.includes(signal)) process.exit(0);
  });
}
process.stderr.on('error', () => undefined);
process.stderr.write('2026/11/21 00:37:26 logtail started\n');
dieAt('start');
if (dies?.at !== 'start') {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => answer(request, response, body));
  });
  server.listen(flag('socket'), () => {
    if (!isMute) process.stderr.write(`2026/11/21 00:37:26 HTTP proxy listening on 127.0.0.1:${proxy}\n`);
  });
}
