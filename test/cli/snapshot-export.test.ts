import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withoutSecrets } from '../../src/cli/secret-source.ts';
import { environmentWithoutSecrets } from '../../src/mesh/secret-environment.ts';
import { startFactServer, type FactServer } from '../snapshot/fact-server.ts';
import { run, start, whenFinished, type Finished } from './spawn.ts';

const KEY = 'sk-s3cret-0123456789';
const WHOM = ['--scope', 'team', '--entities', 'team:ops'];

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Runs the command, and sees to it that the key is shown nowhere. */
async function exportBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  more: { readonly stdin?: string; readonly cwd?: string } = {},
): Promise<Finished> {
  const finished = await run('bin/mesh-backup.js', ['snapshot', 'export-markdown', ...args], {
    env,
    ...more,
  });
  expect(finished.stdout + finished.stderr).not.toContain(KEY);
  return finished;
}

const at = ({ url }: FactServer): string[] => ['--node-url', url.href, ...WHOM];

describe('an export', () => {
  test('goes to stdout, quietly, or to a file for us alone, replaced in one step', async () => {
    const node = await startFactServer({
      facts: [{}],
      conflicts: [{ conflict_id: 'a', status: 'resolved' }],
    });
    const { status, stdout, stderr } = await exportBy(at(node));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('**This is no backup and no restore format**');
    expect(stdout).toContain(`- **Node:** \`${node.url.href}\`\n`);
    expect(stdout).toMatch(/\n- \*\*Exported:\*\* \d{4}-\d\d-\d\dT[\d:.]+Z\n/);
    expect(stdout).toContain('| *unknown* | 0 | 1 | 1 |\n');

    const cwd = await makeFolder();
    await writeFile(join(cwd, 'old.md'), 'before', { mode: 0o600 });
    for (const name of ['old.md', 'new.md']) {
      const written = await exportBy([...at(node), '--output', name, '-verbose'], {}, { cwd });
      expect(written).toMatchObject({ status: 0, stdout: '' });
      expect(written.stderr).toContain('✅ 1 facts, to be read (no backup), to ');
      expect(await readFile(join(cwd, name), 'utf8')).toContain('): `fine`\n');
      expect((await stat(join(cwd, name))).mode & 0o777).toBe(0o600);
    }
    expect((await readdir(cwd)).sort()).toEqual(['new.md', 'old.md']);
  });

  test('takes entities in several ways, each once; STIGMEM_URL; flags of the node', async () => {
    const node = await startFactServer();
    const env = { STIGMEM_URL: node.url.href };
    const args = ['-scope', 'local', '--entities', 'a, b,', '--entities=c,a', '--no-contradictions'];
    expect((await exportBy([...args, '--include-contradicted', '--limit', '7'], env)).status).toBe(0);
    expect(node.asked).toEqual(
      ['a', 'b', 'c'].map(
        (entity) =>
          `/v1/facts?entity=${entity}&scope=local&limit=7&include_contradicted=true&include_expired=false`,
      ),
    );
  });

  test('that is not whole is written, says so, and ends with 3', async () => {
    const node = await startFactServer({ facts: [{}], total: () => '2' });
    const { status, stdout, stderr } = await exportBy(at(node));
    expect(status).toBe(3);
    expect(stdout).toContain('- **Not whole:** of `team:ops` the node says 2 facts, and gave 1\n');
    expect(stderr).toContain('Error: The export is not whole: of `team:ops` the node says 2');
    const { stderr: records } = await exportBy([...at(node), '--json']);
    const parsed = records
      .trim()
      .split('\n')
      .map((record) => JSON.parse(record) as unknown);
    expect(parsed.at(-1)).toMatchObject({
      type: 'summary',
      exitStatus: 3,
      facts: 1,
      entities: [{ entity: 'team:ops', facts: 1 }],
      contradictions: [],
      findings: ['of `team:ops` the node says 2 facts, and gave 1'],
      file: null,
    });
  });

  test('a text that is cut is whole with --max-value', async () => {
    const node = await startFactServer({ facts: [{ value: `{"type":"text","v":"${'x'.repeat(70_000)}"}` }] });
    expect((await exportBy(at(node))).status).toBe(3);
    expect((await exportBy([...at(node), '--max-value', '70000'])).status).toBe(0);
  });
});

describe('the key', () => {
  test('comes from a file, a command, the environment, credentials or a flag', async () => {
    const node = await startFactServer({ apiKey: KEY });
    const folder = await makeFolder();
    await writeFile(join(folder, 'api-key'), `${KEY}\n`, { mode: 0o600 });
    const file = join(folder, 'api-key');
    const ways: [string[], Record<string, string>][] = [
      [['--api-key-file', file], {}],
      [['--api-key-command', `cat ${file}`], {}],
      [[], { STIGMEM_API_KEY: KEY }],
      [[], { CREDENTIALS_DIRECTORY: folder }],
      [['--api-key', KEY], {}],
    ];
    for (const [args, env] of ways) {
      expect(await exportBy([...at(node), ...args], env)).toMatchObject({ status: 0, stderr: '' });
    }
    expect((await exportBy([...at(node), '--api-key-file', '-'], {}, { stdin: KEY })).status).toBe(0);
    expect(new Set(node.keys)).toEqual(new Set([`Bearer ${KEY}`]));
  });

  test('does not reach the command that prints one', async () => {
    const node = await startFactServer({ apiKey: KEY });
    const { status, stderr } = await exportBy(
      [...at(node), '--api-key-command', 'echo "${STIGMEM_API_KEY:-other}"'],
      { STIGMEM_API_KEY: KEY },
    );
    expect(status).toBe(15);
    expect(stderr).toBe(
      'Error: The node does not let us in: HTTP 401: invalid key\nIs it the key of somebody who may read there?\n',
    );
  });

  test('goes to no child, and into no record of a command line', () => {
    expect(environmentWithoutSecrets({ STIGMEM_API_KEY: KEY, A: 'b' })).toEqual({ A: 'b' });
    expect(withoutSecrets([`--api-key=${KEY}`, `--api-key-command=echo ${KEY}`, '--api-key-file=f'])).toEqual(
      ['--api-key=***', '--api-key-command=***', '--api-key-file=f'],
    );
  });

  test('is not shown by a node that repeats it, and not where it cannot be one', async () => {
    const node = await startFactServer({
      fault: (_, response, request) => {
        response
          .writeHead(422)
          .end(JSON.stringify({ detail: `\u001b[2J${request.headers.authorization ?? ''}` }));
        return true;
      },
    });
    const { status, stderr } = await exportBy(at(node), { STIGMEM_API_KEY: KEY });
    expect(status).toBe(15);
    expect(stderr).toContain(String.raw`HTTP 422: \u{1b}[2JBearer ***`);
    const odd = await exportBy(at(node), { STIGMEM_API_KEY: `${KEY}\n${KEY}` });
    expect(odd.status).toBe(2);
  });
});

describe('nothing is written', () => {
  test.each([
    ['without scope', ['--entities', 'a'], 2],
    ['with a scope that is none', ['--scope', 'all', '--entities', 'a'], 2],
    ['without entities', ['--scope', 'team', '--entities', ' ,'], 2],
    ['with a URL that holds credentials', [...WHOM, '--node-url', `http://x:${KEY}@localhost`], 2],
    ['over plain http to anywhere', [...WHOM, '--node-url', 'http://192.0.2.1'], 2],
    ['where nobody is', [...WHOM, '--node-url', 'http://127.0.0.1:9'], 14],
    ['without pages', [...WHOM, '--limit', '0'], 2],
  ])('%s', async (_, args, wanted) => {
    const cwd = await makeFolder();
    await writeFile(join(cwd, 'facts.md'), 'before');
    const { status, stdout, stderr } = await exportBy([...args, '-o', 'facts.md'], {}, { cwd });
    expect({ status, stdout }).toEqual({ status: wanted, stdout: '' });
    expect(stderr).toMatch(/^Error: /);
    expect(await readFile(join(cwd, 'facts.md'), 'utf8')).toBe('before');
    expect(await readdir(cwd)).toEqual(['facts.md']);
  });

  test('where a later page is refused, or the limit is', async () => {
    const node = await startFactServer({
      facts: [{ id: 'a' }, { id: 'b' }],
      fault: (url, response) => {
        if (!url.searchParams.has('cursor')) return false;
        response.end('<html>');
        return true;
      },
    });
    const cwd = await makeFolder();
    await writeFile(join(cwd, 'facts.md'), 'before');
    const args = [...at(node), '-o', 'facts.md'];
    expect((await exportBy([...args, '--limit', '1'], {}, { cwd })).status).toBe(14);
    expect((await exportBy([...args, '--limit', '501'], {}, { cwd })).status).toBe(15);
    expect(await readFile(join(cwd, 'facts.md'), 'utf8')).toBe('before');
  });

  test('over the file of the key', async () => {
    const node = await startFactServer();
    const cwd = await makeFolder();
    await writeFile(join(cwd, 'key'), KEY, { mode: 0o600 });
    const { status } = await exportBy([...at(node), '--api-key-file', 'key', '-o', 'key'], {}, { cwd });
    expect(status).toBe(2);
    expect(await readFile(join(cwd, 'key'), 'utf8')).toBe(KEY);
  });

  test.skipIf(process.platform === 'win32')('after Ctrl-C', async () => {
    const cwd = await makeFolder();
    const node = await startFactServer({
      fault: () => {
        child.kill('SIGINT');
        return true;
      },
    });
    const args = ['snapshot', 'export-markdown', ...at(node), '-o', 'facts.md'];
    const child = start('bin/mesh-backup.js', args, { cwd });
    const { status } = await whenFinished(child);
    expect(status).toBe(130);
    expect(await readdir(cwd)).toEqual([]);
  });
});

test('help fits 80 columns and says that it is no backup', async () => {
  const { status, stdout } = await exportBy(['-help']);
  expect(status).toBe(0);
  expect(stdout).toContain('This is no backup: nothing can be restored from it.');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
