import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { proxyFor, proxyFromEnvironment } from '../../src/mesh/proxy.ts';

const A = 'http://a:1';
const B = 'http://b:2';

describe('proxies of the environment', () => {
  it.each<[NodeJS.ProcessEnv, string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ HTTPS_PROXY: '', http_proxy: '' }, undefined, undefined],
    [{ NO_PROXY: 'a' }, undefined, undefined],
    [{ HTTPS_PROXY: A }, undefined, A],
    [{ https_proxy: A, HTTPS_PROXY: B }, undefined, A],
    [{ HTTP_PROXY: A }, A, A],
    [{ http_proxy: A, HTTP_PROXY: B }, A, A],
    [{ http_proxy: '', HTTP_PROXY: B }, undefined, undefined],
    [{ http_proxy: A, https_proxy: B }, A, B],
    [{ http_proxy: A, https_proxy: '' }, A, A],
  ])('%j', (env, http, https) => {
    const read = proxyFromEnvironment(env);
    expect([read?.http, read?.https]).toEqual([http, https]);
    if (http === undefined && https === undefined) expect(read).toBeUndefined();
  });

  it('spare NO_PROXY, lower case first', () => {
    const env = { http_proxy: A };
    expect(proxyFromEnvironment(env)?.noProxy).toBe('');
    expect(proxyFromEnvironment({ ...env, NO_PROXY: 'x' })?.noProxy).toBe('x');
    expect(proxyFromEnvironment({ ...env, no_proxy: 'y', NO_PROXY: 'x' })?.noProxy).toBe('y');
  });
});

describe('the proxy for a peer', () => {
  it.each<[string, string, boolean]>([
    ['https://alice.test', '', true],
    ['https://alice.test', '*', false],
    ['https://alice.test', 'bob.test, *', false],
    ['https://alice.test', 'alice.test', false],
    ['https://alice.test', 'ALICE.test', false],
    ['https://alice.test', 'bob.test  alice.test', false],
    ['https://alice.test', 'test', false],
    ['https://alice.test', '.test', false],
    ['https://alice.test', '*.test', false],
    ['https://alice.test', 'ice.test', true],
    ['https://alice.test', '.', true],
    ['https://alice.test', 'a.alice.test', true],
    ['https://alice.test', 'alice.test:443', false],
    ['https://alice.test', 'alice.test:80', true],
    ['http://alice.test', 'alice.test:80', false],
    ['http://alice.test:8080', 'alice.test:80', true],
    ['http://alice.test:8080', 'alice.test:8080', false],
    ['http://10.0.0.1', '10.0.0.1', false],
    ['http://[fd00::1]', 'fd00::1', false],
    ['http://[fd00::1]:80', '[fd00::1]:80', false],
    ['http://[fd00::1]', '[fd00::1]:81', true],
    ['http://[fd00::1]', '[fd00::1]', false],
    ['http://localhost:8080', '', false],
    ['https://api.localhost', '', false],
    ['http://127.8.8.8', '', false],
    ['https://[::1]', '', false],
    ['http://[::ffff:127.0.0.1]', '', false],
  ])('%s with NO_PROXY="%s": %s', (peer, noProxy, isProxied) => {
    const proxy = proxyFor(new URL(peer), { http: A, https: A, noProxy });
    expect(proxy).toEqual(isProxied ? { origin: A, authorization: undefined, tunnelsAll: false } : undefined);
  });

  it('is that of its scheme', () => {
    const settings = { http: undefined, https: A, noProxy: '' };
    expect(proxyFor(new URL('http://alice.test'), settings)).toBeUndefined();
    expect(proxyFor(new URL('https://alice.test'), settings)?.origin).toBe(A);
  });

  const of = (text: string): ReturnType<typeof proxyFor> =>
    proxyFor(new URL('http://alice.test'), { http: text, https: text, noProxy: '' });
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each<[string, string, string | undefined]>([
    ['proxy:3128', 'http://proxy:3128', undefined],
    ['user:pass@proxy:3128', 'http://proxy:3128', basic('user:pass')],
    ['https://proxy/path?a', 'https://proxy', undefined],
    ['http://user@proxy', 'http://proxy', basic('user:')],
    ['http://u%3Aé:p%40@proxy', 'http://proxy', basic('u:é:p@')],
  ])('is read from %s', (text, origin, authorization) => {
    expect(of(text)).toEqual({ origin, authorization, tunnelsAll: false });
  });

  it.each(['socks5://u:hunter2@proxy', 'http://u:hunter2%@proxy', 'http://u:hunter2@proxy:99999', 'http://'])(
    'is not %s, which is not shown',
    (text) => {
      let failure: unknown;
      try {
        of(text);
      } catch (error) {
        failure = error;
      }
      expect(failure).toBeInstanceOf(MeshBackupError);
      expect(failure).toMatchObject({ code: 'USAGE', exitStatus: 2 });
      expect((failure as Error).stack).not.toContain('hunter2');
    },
  );
});
