import { describe, expect, test } from 'vitest';
import { parseCursor } from '../../src/snapshot/cursor.ts';
import { makeManifest } from '../../src/snapshot/make-manifest.ts';
import { isSignedManifest, parseManifest } from '../../src/snapshot/manifest.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';

const DIGEST = 'a'.repeat(64);
const GOOD = makeManifest(
  { createdAtUs: 1n, nodeId: 'stigmem:node:ü', databaseSha256: DIGEST, cursorSha256: DIGEST },
  newSigningKey(),
).toString();

function thrownBy(text: string | Buffer): unknown {
  try {
    parseManifest(Buffer.from(text));
    return 'OK';
  } catch (error) {
    return (error as { readonly code?: unknown }).code ?? error;
  }
}

function changed(change: (manifest: Record<string, unknown>) => void): string {
  const manifest = JSON.parse(GOOD) as Record<string, unknown>;
  change(manifest);
  return JSON.stringify(manifest);
}

test('what is good', () => {
  expect(thrownBy(GOOD)).toBe('OK');
  expect(isSignedManifest(parseManifest(Buffer.from(GOOD)))).toBe(true);
  expect(parseManifest(Buffer.from(GOOD)).createdAt).toBe('1970-01-01T00:00:00.000001+00:00');
  expect(thrownBy(changed((it) => (it['node_id'] = '')))).toBe('OK');
  // Python leaves microseconds out where there are none.
  expect(thrownBy(changed((it) => (it['created_at'] = '2026-11-21T00:15:51+00:00')))).toBe('OK');
});

test('the layout does not count, unknown members do', () => {
  const compact = JSON.stringify(JSON.parse(GOOD));
  expect(isSignedManifest(parseManifest(Buffer.from(compact)))).toBe(true);
  const more = changed((it) => (it['more'] = null));
  expect(isSignedManifest(parseManifest(Buffer.from(more)))).toBe(false);
});

describe('refused', () => {
  test.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['cut', GOOD.slice(0, -1)],
    ['an array', '[]'],
    ['a string', '"manifest"'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['deep', '['.repeat(500_000)],
    ['too long', `${GOOD}${' '.repeat(1024 * 1024)}`],
    ['no version', changed((it) => delete it['version'])],
    ['version 2', changed((it) => (it['version'] = 2))],
    ['version "1"', changed((it) => (it['version'] = '1'))],
    ['version true', changed((it) => (it['version'] = true))],
    ['version 1.0', GOOD.replace('"version": 1,', '"version": 1.0,')],
    ['a time that is none', changed((it) => (it['created_at'] = '2026-13-21T00:15:51+00:00'))],
    ['a time in words', changed((it) => (it['created_at'] = 'November 2026'))],
    ['no node', changed((it) => delete it['node_id'])],
    ['a node that is null', changed((it) => (it['node_id'] = null))],
    ['a node without end', changed((it) => (it['node_id'] = 'x'.repeat(257)))],
    ['no key', changed((it) => delete it['signer_pubkey'])],
    ['no signature', changed((it) => delete it['signature'])],
    ['a signature that is no string', changed((it) => (it['signature'] = 1))],
    ['no artifacts', changed((it) => delete it['artifacts'])],
    ['a list of artifacts', changed((it) => (it['artifacts'] = []))],
    ['an artifact too many', changed((it) => ((it['artifacts'] as object) = { '../x': `sha256:${DIGEST}` }))],
    [
      'another hash',
      changed((it) => ((it['artifacts'] as object) = { 'artifacts/stigmem.db': `md5:${DIGEST}` })),
    ],
    [
      'capitals',
      changed((it) => ((it['artifacts'] as object) = { 'artifacts/stigmem.db': `sha256:${'A'.repeat(64)}` })),
    ],
    [
      'short',
      changed(
        (it) => ((it['artifacts'] as object) = { 'artifacts/stigmem.db': `sha256:${DIGEST.slice(1)}` }),
      ),
    ],
  ])('%s', (_, text) => {
    expect(thrownBy(text)).toBe('MANIFEST_INVALID');
  });
});

test('a key or signature that is none: no signature', () => {
  for (const [member, text] of [
    ['signer_pubkey', ''],
    ['signer_pubkey', 'A'.repeat(43)],
    ['signature', ''],
    ['signature', 'A'.repeat(86)],
  ] as const) {
    expect(isSignedManifest(parseManifest(Buffer.from(changed((it) => (it[member] = text)))))).toBe(false);
  }
});

test('cursors that tell, and cursors that do not', () => {
  expect(parseCursor(Buffer.from('{"applied_migrations":["a"]}'))).toEqual(['a']);
  for (const text of ['', '[]', 'null', '{}', '{"applied_migrations":1}', '{"applied_migrations":[1]}']) {
    expect(parseCursor(Buffer.from(text))).toBeUndefined();
  }
});
