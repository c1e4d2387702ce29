import { describe, expect, it } from 'vitest';
import { deriveKeypair } from '../../src/identity/keypair.ts';
import { parseSoul } from '../../src/identity/soul.ts';
import { parseMeshHeaders, signRequest, toHttpHeaders } from '../../src/mesh/request-signing.ts';
import { readVectors } from '../fixtures.ts';

interface RequestVector {
  name: string;
  soul: string;
  method: string;
  url_path_and_query: string;
  unix_ms: number;
  headers: Record<'X-Nara-Name' | 'X-Nara-Timestamp' | 'X-Nara-Signature', string>;
}
const { requests } = readVectors('mesh-auth.json') as { requests: RequestVector[] };

describe('signRequest', () => {
  it.each(requests)('signs $method $url_path_and_query as Go does', (vector) => {
    const { name, method, unix_ms, headers } = vector;
    const requester = { name, keypair: deriveKeypair(parseSoul(vector.soul)) };
    const path = vector.url_path_and_query.split('?')[0]!;
    const want = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]),
    );
    expect(signRequest(requester, method, path, unix_ms)).toEqual(want);
    for (const other of [
      signRequest({ ...requester, name: `${name}x` }, method, path, unix_ms),
      signRequest(requester, method === 'GET' ? 'POST' : 'GET', path, unix_ms),
      signRequest(requester, method, `${path}/`, unix_ms),
      signRequest(requester, method, path, unix_ms + 1),
    ]) {
      expect(other['x-nara-signature']).not.toBe(want['x-nara-signature']);
    }
  });
});

describe('mesh headers', () => {
  const of = (name: string): Parameters<typeof toHttpHeaders>[0] => ({
    'x-nara-name': name,
    'x-nara-timestamp': '1',
    'x-nara-signature': 'sig',
  });

  it.each(['alice', 'zoë', '漢字 🌸', 'a:b', ''])('carry the name "%s" there and back', (name) => {
    const sent = toHttpHeaders(of(name));
    expect(Buffer.from(sent['x-nara-name']!, 'latin1').toString('utf8')).toBe(name);
    expect(parseMeshHeaders(sent)).toEqual(of(name));
  });

  it.each(['a\nb', 'a\r\nX-A: b', 'a\u0000b', '\u001b[31m', '\u007f'])('do not carry %j', (name) => {
    expect(() => toHttpHeaders(of(name))).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('are absent or there, and anything between is damaged', () => {
    expect(parseMeshHeaders({ 'content-type': 'text/plain' })).toBe('absent');
    const headers = toHttpHeaders(of('alice'));
    for (const key of Object.keys(headers)) {
      const { [key]: one, ...others } = headers;
      expect(parseMeshHeaders(others)).toBe('damaged');
      expect(parseMeshHeaders({ [key]: one })).toBe('damaged');
      // What the HTTP client makes of a header that comes twice.
      expect(parseMeshHeaders({ ...headers, [key]: [one!, one!] })).toBe('damaged');
    }
  });
});
