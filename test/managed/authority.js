// A small stand-in of a Genesis Mesh authority: tells over HTTP what is in the database of $DB_PATH.
// node test/managed/authority.js PORT [FAULT]; prints its port once it listens. Faults: not-ready, no-json, gone (503 for all).
import { createServer } from 'node:http';
import Database from 'better-sqlite3';

const [port = '0', fault] = process.argv.slice(2);
const db = new Database(process.env.DB_PATH, { fileMustExist: true });
const rows = (sql) => db.prepare(sql).all();

const PATHS = {
  '/healthz': () => ({ status: 'ok' }),
  '/readyz': () => ({ status: fault === 'not-ready' ? 'starting' : 'ready' }),
  '/connectome.json': () => ({
    treaties: rows('SELECT treaty_id, status FROM recognition_treaties ORDER BY treaty_id'),
    events: rows('SELECT event_id FROM audit_events ORDER BY created_at').length,
  }),
  '/nodes': () => rows('SELECT node_public_key, agent_id FROM agent_registrations'),
  '/crl': () => ({ versions: rows('SELECT sequence FROM crl_versions') }),
  '/policy': () => ({ versions: rows('SELECT policy_id FROM policy_versions') }),
};

const server = createServer((request, response) => {
  const answer = PATHS[request.url ?? ''];
  const status = fault === 'gone' ? 503 : answer === undefined ? 404 : 200;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(fault === 'no-json' && request.url === '/crl' ? '<html>' : JSON.stringify(answer?.() ?? {}));
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
