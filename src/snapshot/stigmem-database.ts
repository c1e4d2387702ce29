import { MeshBackupError } from '../errors.ts';
import type { SqliteDatabase } from '../sqlite/load-sqlite.ts';
import { hasTables, listTables } from '../sqlite/tables.ts';

/** What marks the database of a node. */
export const STIGMEM_TABLES: readonly string[] = ['node_meta', 'schema_migrations'];
const GENESIS = ['schema_version', 'audit_events'];
/** What a hostile database holds is not read for ever: of a value one more, which shows that it is too long. */
const MAX_CHARACTERS = 256;
const MAX_MIGRATIONS = 10_000;

/** What a node's database tells of its node. */
export interface StigmemNode {
  /** '' where the node has none yet. */
  readonly nodeId: string;
  /** Base64url, as it is spelled there; `undefined` where it never federated. */
  readonly federationKey: string | undefined;
  /** Applied, in the order of their names: bytes, not a language's. */
  readonly migrations: readonly string[];
  /** How many other nodes it federates with. */
  readonly peers: number;
}

/**
 * Asserts that a database is a Stigmem node's; `name` is what to call it. Throws `DATABASE_SYSTEM` for another's,
 * `DATABASE_SCHEMA` for one that was only begun, and SQLite's errors.
 */
export function assertStigmem(db: SqliteDatabase, name: string): void {
  if (hasTables(db, STIGMEM_TABLES)) return;
  const tables = listTables(db);
  if (hasTables(db, GENESIS)) {
    throw new MeshBackupError('DATABASE_SYSTEM', `${name} is a Genesis Mesh database, not a Stigmem one.`, {
      hint: 'Its backups are made and restored with mesh-backup managed.',
    });
  }
  if (tables.length > 0 && !tables.some((table) => STIGMEM_TABLES.includes(table))) {
    throw new MeshBackupError(
      'DATABASE_SYSTEM',
      `${name} is no Stigmem database: it has none of its tables.`,
    );
  }
  const missing = STIGMEM_TABLES.filter((table) => !tables.includes(table)).join(' and ');
  throw new MeshBackupError('DATABASE_SCHEMA', `${name} is no whole Stigmem database: it lacks ${missing}.`);
}

/** Reads what `assertStigmem` has let pass. Throws SQLite's errors. */
export function readNode(db: SqliteDatabase): StigmemNode {
  const migrations = db
    .prepare<[], { version: string }>(
      `SELECT substr(CAST(version AS TEXT), 1, ${MAX_CHARACTERS}) AS version FROM schema_migrations
       WHERE version IS NOT NULL ORDER BY version ASC LIMIT ${MAX_MIGRATIONS}`,
    )
    .all();
  return {
    nodeId: readMeta(db, 'node_id') ?? '',
    federationKey: readMeta(db, 'federation_pubkey'),
    migrations: migrations.map(({ version }) => version),
    peers: hasTables(db, ['peers']) ? countPeers(db) : 0,
  };
}

/** The text form of the node's secret federation seed; whoever asks does not print it. Throws SQLite's errors. */
export function readFederationSeed(db: SqliteDatabase): string | undefined {
  return readMeta(db, 'federation_privkey');
}

function readMeta(db: SqliteDatabase, key: string): string | undefined {
  const row = db
    .prepare<[string], { value: unknown }>(
      `SELECT substr(CAST(value AS TEXT), 1, ${MAX_CHARACTERS} + 1) AS value FROM node_meta WHERE key = ?`,
    )
    .get(key);
  return typeof row?.value === 'string' ? row.value : undefined;
}

function countPeers(db: SqliteDatabase): number {
  return db.prepare<[], { peers: number }>('SELECT count(*) AS peers FROM peers').get()!.peers;
}
