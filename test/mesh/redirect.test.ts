import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { redirectTarget } from '../../src/mesh/redirect.ts';

const PATH = '/api/events/import';

function follow(base: string, location: string | undefined, status = 308, path = PATH): string {
  return redirectTarget(new URL(base), path, {
    status,
    headers: location === undefined ? {} : { location },
    body: Buffer.alloc(0),
  }).href;
}

function refusal(...given: Parameters<typeof follow>): MeshBackupError {
  try {
    follow(...given);
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_REDIRECT') return error;
    throw error;
  }
  throw new Error('it was followed');
}

describe('a redirect', () => {
  it.each([
    ['http://a', `https://a${PATH}`, 'https://a/'],
    ['http://a:80', `https://a:443${PATH}`, 'https://a/'],
    ['http://a:8080', `https://a:8080${PATH}`, 'https://a:8080/'],
    ['http://a:443', `https://a${PATH}`, 'https://a/'],
    ['http://a/', `/naras/bob${PATH}`, 'http://a/naras/bob'],
    ['http://a/naras/bob/', `https://A/naras/bob${PATH}`, 'https://a/naras/bob'],
    ['http://a/naras/bob', `../../x${PATH}`, 'http://a/naras/bob/x'],
    ['https://a', `//a/b/${PATH}#c`, 'https://a/b'],
    ['http://[::1]:7', `http://[0::1]:7/b${PATH}`, 'http://[::1]:7/b'],
  ])('from %s to %s leads to the base %s', (base, location, want) => {
    expect([follow(base, location, 307), follow(base, location, 308)]).toEqual([want, want]);
  });

  it('keeps the query that was asked', () => {
    expect(follow('http://a', 'https://a/b/c?limit=1', 307, '/c?limit=1')).toBe('https://a/b');
    expect(refusal('http://a', 'https://a/c', 307, '/c?limit=1').message).toContain('another path');
    expect(refusal('http://a', 'https://a/c?limit=1', 307, '/c').message).toContain('another path');
  });

  it.each([
    ['http://a', `https://b${PATH}`, 308, 'another host'],
    ['http://a', `https://a.b${PATH}`, 308, 'another host'],
    ['http://a', `https://a:8443${PATH}`, 308, 'another port'],
    ['http://a:8080', `https://a${PATH}`, 308, 'another port'],
    ['http://a', `http://a:8080${PATH}`, 308, 'another port'],
    ['https://a:80', `https://a${PATH}`, 308, 'another port'],
    ['https://a', `http://a${PATH}`, 308, 'from https to plain http'],
    ['https://a', `http://a:443${PATH}`, 308, 'from https to plain http'],
    ['http://a', '/login', 307, 'another path than /api/events/import'],
    ['http://a', `${PATH}/`, 307, 'another path'],
    ['http://a', `${PATH}?x`, 307, 'another path'],
    ['http://a', `/api%2fevents/import`, 307, 'another path'],
    ['http://a', `https://a${PATH}`, 301, 'a POST would arrive as a GET'],
    ['http://a', `https://a${PATH}`, 302, 'a POST would arrive as a GET'],
    ['http://a', `https://a${PATH}`, 303, 'a POST would arrive as a GET'],
    ['http://a', undefined, 308, 'to nowhere'],
    ['http://a', '', 308, 'to nowhere'],
    ['http://a', 'http://', 308, 'to nowhere'],
    ['http://a', 'javascript:alert(1)', 308, 'to no web address'],
    ['http://a', `ftp://a${PATH}`, 308, 'ftp://a'],
  ])('from %s to %s with %d is refused', (base, location, status, says) => {
    const failure = refusal(base, location, status);
    expect(failure.message).toMatch(new RegExp(`^HTTP ${status} to `));
    expect(failure.message).toContain(says);
  });

  it('to another place names the base to give, and never more than origin and path', () => {
    const { hint } = refusal('http://a', `https://b:8/naras/bob${PATH}`);
    expect(hint).toBe('Give https://b:8/naras/bob as -nara-url, if it is yours.');
    for (const location of [
      `https://b/login?token=hunter2#hunter2`,
      `https://us:hunter2@b${PATH}`,
      `https://us:hunter2@a${PATH}`,
      `ftp://us:hunter2@a${PATH}`,
      'data:hunter2',
    ]) {
      const failure = refusal('http://a', location);
      expect(`${failure.message}${String(failure.hint)}${String(failure.stack)}`).not.toContain('hunter2');
    }
    expect(refusal('http://a', 'https://b/login?a=b').hint).toContain('Give https://b as');
  });
});
