import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { parseTargetUrl } from '../../src/mesh/target-url.ts';

function refusal(text: string): MeshBackupError {
  try {
    parseTargetUrl(text);
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'USAGE') return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a target', () => {
  it.each([
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['http://localhost:8080/', 'http://localhost:8080/'],
    ['HTTPS://Nara.Example', 'https://nara.example/'],
    ['https://nara.example:443//', 'https://nara.example/'],
    ['https://proxy.example/naras/bob', 'https://proxy.example/naras/bob'],
    ['https://proxy.example/naras/bob//', 'https://proxy.example/naras/bob'],
    ['https://proxy.example/naras/../b@b/', 'https://proxy.example/b@b'],
    ['http://[fd7a::1]:7433', 'http://[fd7a::1]:7433/'],
    ['http://100.64.0.1:7433', 'http://100.64.0.1:7433/'],
  ])('%s', (text, want) => {
    expect(parseTargetUrl(text).href).toBe(want);
  });

  it.each([
    ['', 'is empty'],
    [' ', 'white space'],
    ['http://host/a b', 'white space'],
    ['http://ho\nst', 'white space or control'],
    ['http://host\u0000', 'control characters'],
    ['localhost', 'does not begin with http://'],
    ['localhost:8080', 'does not begin with http://'],
    ['//host', 'does not begin with http://'],
    ['http:host', 'does not begin with http://'],
    ['http:\\\\host', 'does not begin with http://'],
    ['http://a\\b', 'is no URL'],
    ['ftp://host', 'is no http:// or https://'],
    ['javascript://host', 'is no http:// or https://'],
    ['http://', 'is no URL'],
    ['http://host:99999', 'is no URL'],
    ['http://ho<st', 'is no URL'],
    ['http://host/?a=b', 'no ? and no #'],
    ['http://host?', 'no ? and no #'],
    ['http://host/#', 'no ? and no #'],
  ])('is not %j', (text, says) => {
    const { message, hint } = refusal(text);
    expect(message).toContain(says);
    expect(hint).toContain('http');
  });

  it.each([
    ['alice:8080', 'http://alice:8080 or https://alice:8080'],
    ['localhost:8080/naras/bob', 'http://localhost:8080/naras/bob or'],
    ['[::1]:8080', 'http://[::1]:8080 or'],
    ['100.64.0.1', 'http://100.64.0.1 or'],
  ])('without a scheme gets a hint: %s', (text, says) => {
    expect(refusal(text).hint).toContain(`Did you mean ${says}`);
  });

  it.each([
    'http://user:hunter2@host',
    'https://hunter2@host/path',
    'http://:hunter2@host',
    'http://@hunter2',
    'user:hunter2@host',
    'user:hunter2@host:8080',
    'ftp://user:hunter2@host',
    'http://user:hunter2@host:99999',
    'http://user:hunter2@',
    'http:\\\\user:hunter2@host',
    'http:user:hunter2@host',
    'http:/user:hunter2@host',
    'http:///user:hunter2@host',
    'http://host/?token=hunter2',
    'host?token=hunter2',
    'http://host/#hunter2',
    'http://ho st/hunter2',
  ])('is refused with a secret, which is never shown: %s', (text) => {
    const { message, hint, stack } = refusal(text);
    expect(`${message}${String(hint)}${String(stack)}`).not.toContain('hunter2');
  });
});
