import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRecord } from '../../src/keys/sealed-record.ts';
import { authorityCommand, freePort, livingOf } from '../drill/drilling.ts';
import { newNode } from '../drill/node-database.ts';
import { answering, WELL } from '../managed/answering.ts';
import { failureOf, fixture, hashOf, managed, newDesk, newKey, recordsOf } from './managing.ts';
import { start, whenFinished, whenSaid } from './spawn.ts';

const DRILL = ['drill', '--db-path', 'na.db', '--output', 'drill'];

interface DrillRecord {
  readonly system: string;
  readonly isGood: boolean;
  readonly steps: readonly { readonly what: string; readonly state: string; readonly text: string }[];
}

/** A desk whose scratch folders are in `tmp`. */
function newRoom(): { readonly desk: string; readonly env: Record<string, string> } {
  const desk = newDesk();
  mkdirSync(join(desk, 'tmp'));
  return { desk, env: { TMPDIR: join(desk, 'tmp') } };
}

function recordIn(desk: string): DrillRecord & { readonly key: string | undefined } {
  const opened = openRecord('drill', readFileSync(join(desk, 'drill/drill.jsonl')));
  if ('flaw' in opened) return expect.unreachable(opened.flaw);
  return { ...(JSON.parse(opened.payload.toString('utf8')) as DrillRecord), key: opened.key };
}

const statesOf = ({ steps }: DrillRecord): string[] => steps.map(({ what, state }) => `${what}: ${state}`);
const GOOD = ['back up: ok', 'restore: ok', 'change: ok', 'replace: ok', 'compare: ok'];

test('of an authority with its server: all of it, signed, and nothing is left', async () => {
  const { desk, env } = newRoom();
  const key = await newKey(desk);
  const before = hashOf(join(desk, 'na.db'));
  const port = await freePort();
  const server = ['--start', authorityCommand(port), '--url', `http://127.0.0.1:${port}`];
  const first = await managed(desk, [...DRILL, ...server, '--sign-with', 'operator.key'], env);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toMatch(/\ndrill: the drill went well\n$/);
  expect(recordIn(desk)).toMatchObject({ system: 'genesis', isGood: true, key });
  expect(statesOf(recordIn(desk))).toEqual([...GOOD, 'start: ok', 'export: ok']);
  expect(readFileSync(join(desk, 'drill/audit.jsonl'), 'utf8')).toBe(fixture('audit.jsonl'));
  expect(await managed(desk, ['verify', 'drill', '--trusted-key', key])).toMatchObject({ status: 0 });
  expect(hashOf(join(desk, 'na.db'))).toBe(before);
  expect(readdirSync(join(desk, 'tmp'))).toEqual([]);

  const again = ['drill', '--db-path', 'na.db', '--output', 'again', '--expect', 'drill', ...server];
  expect(await managed(desk, again, env)).toMatchObject({ status: 0 });
  const crl = readFileSync(join(desk, 'drill/crl.json'), 'utf8');
  mkdirSync(join(desk, 'other'));
  writeFileSync(join(desk, 'other/crl.json'), `${crl.slice(0, -1)},"more":1}`);
  const other = [
    'drill',
    '--db-path',
    'na.db',
    '--output',
    'third',
    '--expect',
    'other',
    ...server,
    '--json',
  ];
  const { status, stdout } = await managed(desk, other, env);
  expect(status).toBe(1);
  const records = recordsOf(stdout);
  expect(records.find(({ what }) => what === 'start')).toMatchObject({
    state: 'failure',
    text: '/crl does not tell what was expected (DRILL_FAILED)',
  });
  expect(records.at(-2)).toMatchObject({ type: 'error', code: 'DRILL_FAILED' });
  expect(records.at(-1)).toMatchObject({ type: 'summary', exitStatus: 1, folder: 'third', isGood: false });
  expect(readdirSync(join(desk, 'tmp'))).toEqual([]);
});

test('of a node: with snapshots, and without a server', async () => {
  const { desk, env } = newRoom();
  copyFileSync(newNode(), join(desk, 'node.db'));
  const drill = ['drill', '--db-path', 'node.db', '--output', 'drill'];
  expect(await managed(desk, drill, env)).toMatchObject({ status: 0 });
  expect(recordIn(desk)).toMatchObject({ system: 'stigmem', isGood: true });
  expect(statesOf(recordIn(desk))).toEqual(GOOD);
  expect(await failureOf(desk, [...drill, '--start', 'true', '--url', 'http://localhost:1'])).toMatchObject({
    code: 'USAGE',
  });
});

test('a server that does not start: the record says so, and the folder is there', async () => {
  const { desk, env } = newRoom();
  const flags = ['--start', 'echo cannot find the genesis >&2; exit 3', '--url', 'http://127.0.0.1:9'];
  const { status, stdout, stderr } = await managed(desk, [...DRILL, ...flags], env);
  expect(status).toBe(1);
  expect(stderr).toContain('Error: The drill failed; its record is in drill.\n');
  expect(recordIn(desk)).toMatchObject({ isGood: false });
  expect(statesOf(recordIn(desk))).toEqual([...GOOD, 'start: failure', 'export: skipped']);
  expect(recordIn(desk).steps[5]!.text).toContain('it ended (status 3)');
  // What a server says may hold secrets: it is for the terminal.
  expect(JSON.stringify(recordIn(desk))).not.toContain('genesis is');
  expect(JSON.stringify(recordIn(desk))).not.toContain('cannot find');
  expect(stdout).toContain('cannot find the genesis');
  expect((await managed(desk, ['verify', '--allow-unsigned', 'drill'])).status).toBe(0);
  expect(readdirSync(join(desk, 'tmp'))).toEqual([]);
});

test('another server at the URL: nothing is started', async () => {
  const { desk, env } = newRoom();
  const { url } = await answering(WELL);
  const { status } = await managed(desk, [...DRILL, '--start', `touch ${desk}/started`, '--url', url], env);
  expect(status).toBe(1);
  expect(recordIn(desk).steps[5]!.text).toContain('somebody is ready at that URL');
  expect(readdirSync(desk)).not.toContain('started');
});

test.each([
  ['the folder is there', [], 'FILE_EXISTS'],
  [
    'nothing is expected',
    ['--start', 'x', '--url', 'http://localhost:1', '--expect', 'tmp'],
    'FILE_UNREADABLE',
  ],
  ['the key is none', ['--sign-with', 'na.db'], 'KEY_FILE'],
  ['the URL is none', ['--start', 'x', '--url', 'localhost'], 'USAGE'],
])('where %s, nothing is made', async (_, flags, code) => {
  const { desk, env } = newRoom();
  if (code === 'FILE_EXISTS') mkdirSync(join(desk, 'drill'));
  const before = readdirSync(desk);
  expect((await failureOf(desk, [...DRILL, ...flags], env))['code']).toContain(code);
  expect(readdirSync(desk)).toEqual(before);
  expect(readdirSync(join(desk, 'tmp'))).toEqual([]);
});

test('SIGINT in the middle: no server, no scratch folder, no half a record', async () => {
  const { desk, env } = newRoom();
  const port = await freePort();
  const command = `echo $$ > ${desk}/group; ${authorityCommand(port, 'not-ready')}`;
  const flags = ['--start', command, '--url', `http://127.0.0.1:${port}`, '--verbose'];
  const child = start('bin/mesh-backup.js', ['managed', ...DRILL, ...flags], { cwd: desk, env });
  const finished = whenFinished(child);
  // It prints its port once it listens.
  await whenSaid(child, `${port}`);
  child.kill('SIGINT');
  expect(await finished).toMatchObject({ status: 130 });
  expect(livingOf(Number(readFileSync(join(desk, 'group'), 'utf8')))).toEqual([]);
  expect(readdirSync(join(desk, 'tmp'))).toEqual([]);
  expect(readdirSync(desk).sort()).toEqual(['group', 'na.db', 'tmp']);
});
