import { MeshBackupError } from '../errors.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import { hasTables } from '../sqlite/tables.ts';
import type { Patience } from '../sqlite/until-free.ts';
import type { DrilledSystem } from './drilled-system.ts';

const MARKS = {
  genesis: ['schema_version', 'audit_events'],
  stigmem: ['node_meta', 'schema_migrations'],
} as const satisfies Record<DrilledSystem['name'], readonly string[]>;

/** Whose database that is. Throws as `withDatabase` does, and `DATABASE_SCHEMA` where it is nobody's. */
export async function detectSystem(dbPath: string, patience: Patience): Promise<DrilledSystem['name']> {
  return withDatabase(dbPath, { ...patience, mode: 'read' }, (db) => {
    for (const name of ['genesis', 'stigmem'] as const) if (hasTables(db, MARKS[name])) return name;
    throw new MeshBackupError(
      'DATABASE_SCHEMA',
      `${dbPath} is neither an authority's database nor a node's.`,
    );
  });
}
