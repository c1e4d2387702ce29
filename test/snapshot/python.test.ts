import fc from 'fast-check';
import Sqlite from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { createSnapshot } from '../../src/snapshot/create-snapshot.ts';
import { makeCursor } from '../../src/snapshot/cursor.ts';
import { makeManifest } from '../../src/snapshot/make-manifest.ts';
import { isSignedManifest, parseManifest } from '../../src/snapshot/manifest.ts';
import { makeSigningKey, newSigningKey, readSigningKey } from '../../src/keys/signing-key.ts';
import { newFolder } from './new-folder.ts';
import { END, entry, gz, pax, type RawHeader } from './raw-tar.ts';
import { NEVER, vector, verifyFile } from './vectors.ts';

/** Follows the specification alone, with what Python brings along and the package that the node uses. */
const READ = String.raw`
import base64, hashlib, json, os, sqlite3, sys, tarfile, tempfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
decode = lambda text: base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
with tempfile.TemporaryDirectory() as folder:
    with tarfile.open(sys.argv[1], 'r:gz') as tar:
        names = tar.getnames()
        tar.extractall(folder, filter='data')
    manifest = json.load(open(os.path.join(folder, 'manifest.json')))
    signature = decode(manifest.pop('signature'))
    body = json.dumps(manifest, sort_keys=True, separators=(',', ':')).encode()
    Ed25519PublicKey.from_public_bytes(decode(manifest['signer_pubkey'])).verify(signature, body)
    for name, digest in manifest['artifacts'].items():
        content = open(os.path.join(folder, name), 'rb').read()
        assert digest == 'sha256:' + hashlib.sha256(content).hexdigest(), name
    cursor = json.load(open(os.path.join(folder, 'artifacts', 'schema_migration_cursor.json')))
    db = sqlite3.connect(os.path.join(folder, 'artifacts', 'stigmem.db'))
    rows = [row[0] for row in db.execute('SELECT version FROM schema_migrations ORDER BY version')]
    assert cursor == {'applied_migrations': rows}
    print(json.dumps({'names': names, 'node_id': manifest['node_id'], 'rows': len(rows)}))
`;

/** Signs what it is given, as the node does. */
const SIGN = String.raw`
import base64, json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b'=').decode()
out = []
for manifest in json.load(sys.stdin):
    key = Ed25519PrivateKey.generate()
    manifest['signer_pubkey'] = encode(key.public_key().public_bytes_raw())
    body = json.dumps(manifest, sort_keys=True, separators=(',', ':')).encode('utf-8')
    manifest['signature'] = encode(key.sign(body))
    out.append([json.dumps(manifest, indent=2), body.decode()])
print(json.dumps(out))
`;

/** What the node would unpack of each archive: SHA-256 by name; nothing where it fails. */
const UNPACK = String.raw`
import hashlib, json, os, sys, tarfile, tempfile
found = {}
for file in sorted(os.listdir(sys.argv[1])):
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(os.path.join(sys.argv[1], file), 'r:gz') as tar:
                tar.extractall(folder, filter='data')
            sums = {}
            for place, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(place, name)
                    sums[os.path.relpath(path, folder)] = hashlib.sha256(open(path, 'rb').read()).hexdigest()
            found[file] = sums
        except Exception:
            pass
print(json.dumps(found))
`;

function python(script: string, args: readonly string[], input = ''): unknown {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const hasPython =
  spawnSync('python3', [
    '-c',
    'import cryptography, tarfile; from cryptography.hazmat.primitives.asymmetric import ed25519; tarfile.data_filter',
  ]).status === 0;

describe.skipIf(!hasPython)('beside Python', () => {
  test('it reads what we write, by the specification alone', async () => {
    const folder = await newFolder();
    const db = join(folder, 'node.db');
    const made = new Sqlite(db);
    made.exec(`CREATE TABLE node_meta(key TEXT PRIMARY KEY, value TEXT); CREATE TABLE schema_migrations(version TEXT);
      INSERT INTO node_meta VALUES ('node_id', 'stigmem:node:ü🌸');
      INSERT INTO schema_migrations VALUES ('002_b'), ('001_a'), ('é'), ('Z'), ('🌸'), ('｡')`);
    made.close();
    const key = join(folder, 'key');
    await makeSigningKey(key);
    const { file } = await createSnapshot({
      db,
      out: { folder },
      mayReplace: false,
      signingKey: await readSigningKey(key),
      busyTimeoutMs: 0,
      signal: NEVER,
    });
    expect(python(READ, [file])).toEqual({
      names: ['manifest.json', 'artifacts', 'artifacts/schema_migration_cursor.json', 'artifacts/stigmem.db'],
      node_id: 'stigmem:node:ü🌸',
      rows: 6,
    });
    expect(() => python(READ, [vector('edited-manifest.tar.gz')])).toThrow('InvalidSignature');
  });

  test('we verify what it signs, with members that we do not know', () => {
    const base = {
      version: 1,
      created_at: '2026-11-21T00:15:51+00:00',
      node_id: 'ü',
      artifacts: { 'artifacts/stigmem.db': `sha256:${'0'.repeat(64)}` },
    };
    const others = fc.sample(
      fc.tuple(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), fc.string()),
      200,
    );
    const manifests = others.map(([more, nodeId]) => ({ ...more, ...base, node_id: nodeId }));
    const signed = python(SIGN, [], JSON.stringify(manifests)) as [string, string][];
    for (const [text, body] of signed) {
      const manifest = parseManifest(Buffer.from(text));
      expect(manifest.signedBytes.toString()).toBe(body);
      expect(isSignedManifest(manifest)).toBe(true);
      const other = JSON.stringify({ ...(JSON.parse(text) as object), extra: 1 });
      expect(isSignedManifest(parseManifest(Buffer.from(other)))).toBe(false);
    }
  });

  test('what passes, it unpacks the same: whatever headers say', async () => {
    const folder = join(await newFolder(), 'archives');
    await mkdir(folder);
    const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    const database = Buffer.from('database '.repeat(100));
    const cursor = makeCursor(['001_init']);
    const manifest = makeManifest(
      { createdAtUs: 0n, nodeId: '', databaseSha256: sha256(database), cursorSha256: sha256(cursor) },
      newSigningKey(),
    );
    /** The checksum fits: what is told of a header comes from its fields. */
    const patch = fc.tuple(
      fc.constantFrom(
        0,
        90,
        99,
        100,
        107,
        108,
        116,
        123,
        124,
        134,
        135,
        136,
        147,
        156,
        157,
        257,
        263,
        265,
        329,
        344,
        345,
        500,
        511,
      ),
      fc.string({
        unit: fc.constantFrom('0', '1', '7', '8', ' ', '\0', '/', '.', 'x', '-', '_', '\xff', '\x80'),
        maxLength: 12,
      }),
    );
    const changes = fc.record(
      {
        patch,
        type: fc.constantFrom('0', '5', '\0', '7', 'x', 'g', 'L', 'S'),
        prefix: fc.constantFrom('', '.', 'a'),
      },
      { requiredKeys: [] },
    );
    const paxes = fc.constantFrom(
      ...[
        ['mtime', '1.5'],
        ['path', 'x'],
        ['size', '3'],
        ['size', '900'],
        ['linkpath', 'x'],
        ['GNU.sparse.major', '1'],
        ['uid', '1'],
        ['uname', 'ü'],
      ],
    ) as fc.Arbitrary<[string, string]>;
    const plan = fc.array(fc.tuple(changes, fc.option(paxes), fc.boolean()), { minLength: 4, maxLength: 4 });
    const contents = [
      ['manifest.json', manifest],
      ['artifacts/', Buffer.alloc(0)],
      ['artifacts/schema_migration_cursor.json', cursor],
      ['artifacts/stigmem.db', database],
    ] as const;
    const plans = fc.sample(plan, 600);
    for (const [index, changed] of plans.entries()) {
      const parts = contents.flatMap(([name, content], at) => {
        const [change, record, isChanged] = changed[at]!;
        const base: RawHeader = { name, type: name.endsWith('/') ? '5' : '0' };
        // Most are left alone, or nothing would pass.
        const isLeft = !isChanged || at !== index % 4;
        return [
          ...(record && index % 3 === 0 && at === index % 4 ? [pax(record)] : []),
          entry(isLeft ? base : { ...base, ...change }, content),
        ];
      });
      await writeFile(join(folder, `${index}`), gz(...parts, END));
    }
    const unpacked = python(UNPACK, [folder]) as Record<string, Record<string, string>>;
    let passed = 0;
    for (const index of plans.keys()) {
      const artifacts = await verifyFile(join(folder, `${index}`)).then(
        (verified) => verified.artifacts,
        (error: unknown) => {
          if (!(error instanceof MeshBackupError)) throw error;
          return undefined;
        },
      );
      if (artifacts === undefined) continue;
      passed++;
      expect(unpacked[`${index}`]).toEqual({
        'manifest.json': sha256(manifest),
        'artifacts/stigmem.db': artifacts['artifacts/stigmem.db'].sha256,
        'artifacts/schema_migration_cursor.json': artifacts['artifacts/schema_migration_cursor.json'].sha256,
      });
    }
    expect(passed).toBeGreaterThan(100);
    expect(passed).toBeLessThan(550);
  });
});
