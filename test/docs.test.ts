import { execFileSync, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMesh, type SandboxMesh } from '../src/sandbox/mesh.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const COMMANDS = [
  'mesh-backup',
  'nara-backup',
  'dump-events',
  'restore-events',
  'dump-stash',
  'restore-stash',
];
const DOCS = [
  'README.md',
  'docs/mesh.md',
  'docs/dump.md',
  'docs/receipt.md',
  'docs/restore.md',
  'docs/stash.md',
  'docs/archive.md',
  'docs/snapshots.md',
  'docs/managed.md',
  'docs/keeping.md',
];

/** The commands in a document's `sh` blocks. */
function examplesOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code!.trim());
}

const examples = await Promise.all(
  DOCS.map(async (name) =>
    examplesOf(await readFile(join(ROOT, name), 'utf8')).map((code) => ({ name, code })),
  ),
);

describe.skipIf(process.platform === 'win32')('examples of the docs', () => {
  let mesh: SandboxMesh;
  let cwd = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    mesh = await startMesh({ naras: 3, eventsPerNara: 100, door: 'web' });
    cwd = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
    const bin = join(cwd, 'bin');
    await mkdir(bin);
    for (const name of COMMANDS) await symlink(join(ROOT, 'bin', `${name}.js`), join(bin, name));
    await writeFile(join(cwd, 'alice.soul'), `${mesh.requester.soul}\n`);
    await chmod(join(cwd, 'alice.soul'), 0o600);
    await writeFile(join(cwd, 'backup.jsonl'), mesh.naras[1]!.ledger.map(({ line }) => `${line}\n`).join(''));
    await copyFile(join(ROOT, 'fixtures/genesis/na.db'), join(cwd, 'na.db'));
    await copyFile(join(ROOT, 'fixtures/stigmem/trusted-keys.json'), join(cwd, 'trusted-keys.json'));
    await copyFile(join(ROOT, 'fixtures/stigmem/offline.key'), join(cwd, 'snapshot.key'));
    await chmod(join(cwd, 'snapshot.key'), 0o400);
    execFileSync('tar', [
      '-xzf',
      join(ROOT, 'fixtures/stigmem/self-signed.tar.gz'),
      '-C',
      cwd,
      '--strip-components=1',
      'artifacts/stigmem.db',
    ]);
    env = { PATH: [bin, process.env['PATH']].join(delimiter), NARA_URL: mesh.naras[0]!.url };
  });
  // One of the examples writes another one.
  beforeEach(async () => {
    await writeFile(join(cwd, 'peers.txt'), mesh.naras.map(({ name, url }) => `${name} ${url}\n`).join(''));
  });
  afterAll(() => mesh.close());

  test.each(examples.flat())('$name: $code', async ({ code }) => {
    const child = spawn('bash', ['-c', `exec ${code}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Running until Ctrl-C')) child.kill('SIGINT');
      });
    }
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
  });
});

test('there are examples, and README begins with the two commands', async () => {
  expect(examples.every((found) => found.length > 0)).toBe(true);
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const commands = [...readme.matchAll(/^ {4}(npm .*)$/gm)].map(([, command]) => command);
  expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
});

test('links between documents lead somewhere', async () => {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
  });
  for (const name of tracked.toString().trim().split('\n')) {
    const text = await readFile(join(ROOT, name), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      await expect(readFile(join(ROOT, name, '..', target!)), `${name} → ${target}`).resolves.toBeDefined();
    }
  }
});

test('every dependency has its line, and no other', async () => {
  const { dependencies, optionalDependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'optionalDependencies', Record<string, string>>;
  const text = await readFile(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const lines = [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  expect(lines.sort()).toEqual(Object.keys({ ...dependencies, ...optionalDependencies }).sort());
});
