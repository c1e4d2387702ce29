import { expect, test } from 'vitest';
import { tryServer, type TriedServer } from '../../src/drill/try-server.ts';
import { answering, settingsFor, WELL } from '../managed/answering.ts';
import { realAuthority } from '../managed/authority.ts';
import { authorityCommand, freePort, livingOf } from './drilling.ts';

interface Tried {
  readonly result: Promise<Awaited<ReturnType<typeof tryServer>>>;
  /** The processes that it left, once it has ended; `undefined`: nothing was started. */
  readonly left: () => number[] | undefined;
}

function tried(
  url: string,
  command: string,
  changes: Partial<TriedServer> = {},
  onStarted = (): void => undefined,
): Tried {
  let group: number | undefined;
  const dbPath = realAuthority();
  const result = tryServer({
    command: `echo group $$; ${command}`,
    env: { PATH: process.env['PATH'], DB_PATH: dbPath },
    dbPath,
    authority: settingsFor(url, { requestTimeoutMs: 5_000 }),
    startTimeoutMs: 50_000,
    expected: new Map(),
    onLine: (line) => {
      if (!line.startsWith('group ')) return;
      group = Number(line.slice(6));
      onStarted();
    },
    ...changes,
  });
  return { result, left: () => (group === undefined ? undefined : livingOf(group)) };
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

test('a good server: its answers, and it is gone', async () => {
  const port = await freePort();
  const { result, left } = tried(urlOf(port), authorityCommand(port));
  const { answers, isSeenInUse } = await result;
  expect(isSeenInUse).toBe(true);
  expect(answers.map(({ name, status }) => [name, status])).toEqual(
    ['healthz', 'readyz', 'connectome', 'nodes', 'crl', 'policy'].map((name) => [name, 200]),
  );
  expect(left()).toEqual([]);
});

test.each([
  ['is never ready', 'not-ready', { startTimeoutMs: 1_500 }, 'the server is not ready within 1.5 s'],
  ['fails at all', 'gone', { startTimeoutMs: 1_500 }, 'the server is not ready within 1.5 s'],
  ['answers with HTML', 'no-json', {}, '/crl: the answer is no JSON'],
])('a server that %s fails the drill, and is gone', async (_, fault, changes, message) => {
  const port = await freePort();
  const { result, left } = tried(urlOf(port), authorityCommand(port, fault), changes);
  await expect(result).rejects.toMatchObject({ code: 'DRILL_FAILED', message });
  expect(left()).toEqual([]);
});

test('a server that only hangs', async () => {
  const port = await freePort();
  const script = `require("http").createServer(() => {}).listen(${port}, "127.0.0.1")`;
  const { result, left } = tried(urlOf(port), `exec ${process.execPath} -e '${script}'`, {
    startTimeoutMs: 1_500,
  });
  await expect(result).rejects.toMatchObject({ message: 'the server is not ready within 1.5 s' });
  expect(left()).toEqual([]);
});

test('a server that ends at once: why, without waiting for the time to be over', async () => {
  const port = await freePort();
  const { result } = tried(urlOf(port), 'echo the genesis is missing: error >&2; exit 4');
  await expect(result).rejects.toMatchObject({
    code: 'DRILL_FAILED',
    message: 'the server is not there: it ended (status 4)',
    hint: 'It said: the genesis is missing: error',
  });
});

test('somebody else is ready there: nothing is started', async () => {
  const { url } = await answering(WELL);
  const { result, left } = tried(url, 'sleep 600');
  await expect(result).rejects.toMatchObject({
    message: expect.stringMatching(/^somebody is ready at that URL/) as string,
  });
  expect(left()).toBeUndefined();
});

test('somebody else comes up there, while ours cannot', async () => {
  let asked = 0;
  const { url } = await answering({
    ...WELL,
    '/readyz': async (response) => {
      if (asked++ > 0) await expect.poll(left).toEqual([]);
      response.end(asked === 1 ? '{}' : WELL['/readyz']);
    },
  });
  const { result, left } = tried(url, 'exit 1');
  await expect(result).rejects.toMatchObject({
    message: expect.stringMatching(/^another server answers there: .*\(status 1\)/) as string,
  });
  expect(left()).toEqual([]);
});

test('a stop ends the waiting, and the server', async () => {
  const port = await freePort();
  const stop = new AbortController();
  const authority = settingsFor(urlOf(port), { signal: stop.signal });
  const { result, left } = tried(urlOf(port), authorityCommand(port, 'not-ready'), { authority }, () => {
    stop.abort(new Error('stopped'));
  });
  await expect(result).rejects.toThrow('stopped');
  expect(left()).toEqual([]);
});

const expected = (answers: Record<string, string>): Map<string, Buffer> =>
  new Map(Object.entries(answers).map(([name, text]) => [name, Buffer.from(text)]));

const LARGE = '{"a": 1, "sequence": 9007199254740993}';

test.each([
  ['the same', LARGE, true],
  ['the same in another order', '{"sequence":9007199254740993,"a":1}', true],
  ['a number that is another, if only for who looks closely', LARGE.replace('993', '992'), false],
  ['less', '{"a": 1}', false],
  ['no JSON', '{"a": 1', false],
])('held against %s', async (_, crl, isSame) => {
  const { url } = await answering({
    ...WELL,
    '/crl': LARGE,
    '/readyz': (response) => response.end(lives() ? WELL['/readyz'] : '{}'),
  });
  const lives = (): boolean => (left()?.length ?? 0) > 0;
  const { result, left } = tried(url, 'exec sleep 600', {
    expected: expected({ nodes: '[]', crl, other: '{}' }),
  });
  if (isSame) expect((await result).answers).toHaveLength(6);
  else
    await expect(result).rejects.toMatchObject({
      code: 'DRILL_FAILED',
      message: '/crl does not tell what was expected',
    });
  expect(left()).toEqual([]);
});

test('a server that does not use the scratch database proves nothing, unless it tells what is expected', async () => {
  const { url } = await answering({
    ...WELL,
    '/readyz': (response) => response.end(lives() ? WELL['/readyz'] : '{}'),
  });
  const first = tried(url, 'exec sleep 600');
  let { left } = first;
  const lives = (): boolean => (left()?.length ?? 0) > 0;
  await expect(first.result).rejects.toMatchObject({
    code: 'DRILL_FAILED',
    message: 'nobody has the scratch database open',
  });
  const second = tried(url, 'exec sleep 600', { expected: expected({ nodes: '[]' }) });
  ({ left } = second);
  expect(await second.result).toMatchObject({ isSeenInUse: false });
  expect(left()).toEqual([]);
});

test('a server that answers on when it was stopped fails the drill', async () => {
  let hasLived = false;
  const { url } = await answering({
    ...WELL,
    '/readyz': (response) => {
      hasLived ||= (left()?.length ?? 0) > 0;
      response.end(hasLived ? WELL['/readyz'] : '{}');
    },
  });
  const { result, left } = tried(url, 'exec sleep 600', { expected: expected({ nodes: '[]' }) });
  await expect(result).rejects.toMatchObject({ message: 'it still answers after it was stopped' });
});
