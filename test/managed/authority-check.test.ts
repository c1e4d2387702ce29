import { expect, test } from 'vitest';
import { checkAuthority, isReady } from '../../src/managed/authority-check.ts';
import { answering, nobody, settingsFor, WELL, type Answers } from './answering.ts';

const PATHS = Object.keys(WELL);

async function problemsOf(answers: Answers): Promise<Record<string, string>> {
  const { url } = await answering(answers);
  const found = await checkAuthority(settingsFor(url));
  expect(found.map(({ path }) => path)).toEqual(PATHS);
  return Object.fromEntries(
    found.flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]])),
  );
}

test('a well authority: six answers, as they came', async () => {
  const { url } = await answering(WELL);
  const answers = await checkAuthority(settingsFor(url));
  expect(answers.map(({ name }) => name)).toEqual([
    'healthz',
    'readyz',
    'connectome',
    'nodes',
    'crl',
    'policy',
  ]);
  for (const { path, problem, status, body, isJson } of answers) {
    expect({ problem, status, isJson }).toEqual({ problem: undefined, status: 200, isJson: true });
    expect(body.toString('utf8')).toBe(WELL[path as keyof typeof WELL]);
  }
});

test('it may live below the path of a proxy', async () => {
  const below = Object.fromEntries(Object.entries(WELL).map(([path, answer]) => [`/na${path}`, answer]));
  const { url } = await answering(below);
  expect((await checkAuthority(settingsFor(`${url}/na`))).filter(({ problem }) => problem)).toEqual([]);
});

test.each<[string, Answers, Record<string, string>]>([
  ['starts', { '/readyz': '{"status":"starting"}' }, { readyz: 'its status is "starting", not "ready"' }],
  ['is ill', { '/healthz': '{"status":["ok"]}' }, { healthz: 'its status is ["ok"], not "ok"' }],
  [
    'says much of its health',
    { '/healthz': JSON.stringify({ status: 'x'.repeat(1_000_000) }) },
    { healthz: expect.stringMatching(/^.{90,150}$/) as string },
  ],
  ['says nothing of its health', { '/healthz': '{}' }, { healthz: 'its status is missing, not "ok"' }],
  ['answers with HTML', { '/crl': '<html>' }, { crl: 'the answer is no JSON' }],
  ['answers with nothing', { '/nodes': '' }, { nodes: 'the answer is no JSON' }],
  ['answers with a number', { '/policy': '7' }, { policy: 'the answer is no JSON object or list' }],
  ['answers with null', { '/policy': 'null' }, { policy: 'the answer is no JSON object or list' }],
  [
    'fails with its good word in the body',
    { '/readyz': (response) => response.writeHead(503).end('{"status":"ready"}') },
    { readyz: 'HTTP 503' },
  ],
  [
    'sends us elsewhere',
    { '/nodes': (response) => response.writeHead(302, { location: '/policy' }).end('{}') },
    { nodes: 'HTTP 302' },
  ],
  [
    'breaks off',
    {
      '/connectome.json': (response) =>
        response.writeHead(200, { 'content-length': '9' }).write('{}', () => response.destroy()),
    },
    { connectome: expect.stringContaining('(PEER_CUT)') as string },
  ],
])(
  'an authority that %s: that is told, and the rest is asked for all the same',
  async (_, answers, problems) => {
    expect(await problemsOf({ ...WELL, ...answers })).toEqual(problems);
  },
);

test('a path that never answers ends with its own time, and holds up no other', async () => {
  const { url } = await answering({ ...WELL, '/nodes': () => undefined });
  const answers = await checkAuthority(settingsFor(url, { requestTimeoutMs: 300 }));
  const [silent, ...others] = answers.filter(({ problem }) => problem !== undefined);
  expect(silent).toMatchObject({ path: '/nodes', status: undefined, isJson: false });
  expect(silent!.problem).toContain('(PEER_SILENT)');
  expect(others).toEqual([]);
});

test('a drip of bytes is no answer either', async () => {
  const { url } = await answering({
    ...WELL,
    '/nodes': (response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => {
        clearInterval(drip);
      });
    },
  });
  const answers = await checkAuthority(settingsFor(url, { requestTimeoutMs: 300 }));
  expect(answers[3]!.problem).toBe('no answer within 0.3 s (PEER_SILENT)');
});

test('nobody there: six problems, no throw', async () => {
  const answers = await checkAuthority(settingsFor(await nobody()));
  expect(answers.map(({ status }) => status)).toEqual(PATHS.map(() => undefined));
  expect(answers.every(({ problem }) => problem!.includes('(PEER_UNREACHABLE)'))).toBe(true);
});

test('plain http to far away, and a stop, end it', async () => {
  await expect(checkAuthority(settingsFor('http://192.0.2.1'))).rejects.toMatchObject({ code: 'PLAIN_HTTP' });
  const stop = new AbortController();
  const { url } = await answering({
    ...WELL,
    '/nodes': () => {
      stop.abort(new Error('stopped'));
    },
  });
  await expect(checkAuthority(settingsFor(url, { signal: stop.signal }))).rejects.toThrow('stopped');
});

test('ready is what says so of itself', async () => {
  expect(await isReady(settingsFor((await answering(WELL)).url))).toBe(true);
  expect(await isReady(settingsFor((await answering({ '/readyz': '{"status":"starting"}' })).url))).toBe(
    false,
  );
  expect(await isReady(settingsFor(await nobody()))).toBe(false);
});
