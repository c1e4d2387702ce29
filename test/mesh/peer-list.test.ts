import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { parsePeer, parsePeerList, type PeerAddress } from '../../src/mesh/peer-list.ts';

const KEY = '1ocul06vc2DN7DMyX6bGgK11meDsN0h7x6VokZSywwI=';

function show({ url, name, publicKey }: PeerAddress): (string | undefined)[] {
  return publicKey === undefined && name === undefined
    ? [url.href]
    : [url.href, name, ...(publicKey === undefined ? [] : [publicKey.text])];
}

/** The message of the error that parsing throws. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_LIST') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('parsePeer', () => {
  it.each<[string, [string, string?]]>([
    ['http://100.64.0.1:7433', ['http://100.64.0.1:7433/']],
    ['alice=http://100.64.0.1:7433/', ['http://100.64.0.1:7433/', 'alice']],
    ['zoë 漢=https://proxy.example/naras/zoe', ['https://proxy.example/naras/zoe', 'zoë 漢']],
    ['http://[fd7a::1]:7433', ['http://[fd7a::1]:7433/']],
    ['alice=http://[::1]:7433', ['http://[::1]:7433/', 'alice']],
    ['http://host/?a=b', ['http://host/?a=b']],
  ])('%s', (text, want) => {
    expect(show(parsePeer(text))).toEqual(want);
  });

  it.each([
    '',
    'alice',
    'alice=',
    '=http://host',
    'alice=bob=http://host',
    'host:7433',
    'ftp://host',
    'http://',
    'http://host:99999',
  ])('refuses "%s"', (text) => {
    expect(refusal(() => parsePeer(text))).toMatch(
      /^".*" is no http\(s\) URL, want \[NAME=\]http:\/\/HOST:PORT$/,
    );
  });

  it.each([
    'http://user:hunter2@host',
    'http://hunter2@host',
    'alice=http://:hunter2@host',
    'ftp://user:hunter2@host',
    'http://user:hunter2@host:99999',
    'http:\\\\user:hunter2@host',
    'user:hunter2@host',
  ])('refuses credentials and never shows them: %s', (text) => {
    expect(refusal(() => parsePeer(text))).not.toContain('hunter2');
  });

  it('shows no more of a megabyte than a line', () => {
    expect(refusal(() => parsePeer('a'.repeat(1 << 20))).length).toBeLessThan(200);
  });
});

describe('parsePeerList', () => {
  it('takes both forms, blanks, comments, a BOM and CRLF', () => {
    const text = [
      '\ufeff# my naras',
      '',
      'alice http://100.64.0.1:7433',
      ' \tbob\t http://100.64.0.2:7433  ',
      'http://100.64.0.3:7433',
      `{"name":"d a v e","url":"http://100.64.0.4:7433","public_key":"${KEY}"}`,
      '{"url":"http://100.64.0.5:7433"}',
    ].join('\r\n');
    expect(parsePeerList(text).map(show)).toEqual([
      ['http://100.64.0.1:7433/', 'alice'],
      ['http://100.64.0.2:7433/', 'bob'],
      ['http://100.64.0.3:7433/'],
      ['http://100.64.0.4:7433/', 'd a v e', KEY],
      ['http://100.64.0.5:7433/'],
    ]);
    expect(parsePeerList('')).toEqual([]);
  });

  it.each<[string, string]>([
    ['alice http://host extra', 'want `name url`'],
    ['alice', 'is no http(s) URL'],
    ['{', 'want {"name","url","public_key"?}'],
    ['{"name":"a"}', 'want {"name","url","public_key"?}'],
    ['{"name":"","url":"http://host"}', 'want {"name","url","public_key"?}'],
    ['{"name":7,"url":"http://host"}', 'want {"name","url","public_key"?}'],
    ['{"name":"a","url":"http://host","publicKey":"x"}', 'want {"name","url","public_key"?}'],
    ['{"name":"a","url":"host"}', 'is no http(s) URL'],
    ['{"url":"http://host","public_key":"x"}', '"public_key" is no Ed25519 key'],
    [`{"url":"http://host","public_key":"${KEY.replace('=', '')}"}`, '"public_key" is no Ed25519 key'],
    [
      `{"url":"http://host","public_key":"${Buffer.alloc(32).toString('base64')}"}`,
      '"public_key" is no Ed25519 key',
    ],
  ])('names the line of %s', (line, reason) => {
    const message = refusal(() => parsePeerList(`# comment\n\nalice http://host\n${line}\n`));
    expect(message).toMatch(/^Line 4 of the peers file: /);
    expect(message).toContain(reason);
  });

  it.each([
    'alice http://u:hunter2@host',
    '{"url":"http://u:hunter2@host"}',
    '{"url":"http://u:hunter2@host"',
  ])('never shows a password: %s', (line) => {
    expect(refusal(() => parsePeerList(line))).not.toContain('hunter2');
  });

  it('takes names with control characters as they are: printing escapes them', () => {
    const name = '\u001b[31mred\u202e\u0000';
    expect(parsePeerList(JSON.stringify({ name, url: 'http://host' }))[0]?.name).toBe(name);
    expect(refusal(() => parsePeer('\u001b]0;x\u0007'))).not.toContain('\u001b');
  });

  it.each([
    ['one word', 'a'.repeat(1 << 20)],
    ['blanks between words', `a${' '.repeat(1 << 20)}b`],
    ['many words', 'a '.repeat(1 << 19)],
    ['open brackets', '{"a":'.repeat(1 << 18)],
    ['a URL of digits', `http://${'1'.repeat(1 << 20)}`],
    ['an equals sign at its end', `${'a'.repeat(1 << 20)}=`],
  ])('refuses a megabyte of %s, shortly', (_what, line) => {
    expect(refusal(() => parsePeerList(line)).length).toBeLessThan(250);
  });
});
