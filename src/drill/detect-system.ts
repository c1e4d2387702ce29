import { MeshBackupError } from '../errors.ts';
import { AUTHORITY_TABLES } from '../managed/assert-authority.ts';
import { STIGMEM_TABLES } from '../snapshot/stigmem-database.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import { hasTables } from '../sqlite/tables.ts';
import type { Patience } from '../sqlite/until-free.ts';
import type { DrilledSystem } from './drilled-system.ts';

/** Whose database that is. Throws as `withDatabase` does, and `DATABASE_SCHEMA` where it is nobody's. */
export async function detectSystem(dbPath: string, patience: Patience): Promise<DrilledSystem['name']> {
  return withDatabase(dbPath, { ...patience, mode: 'read' }, (db) => {
    if (hasTables(db, AUTHORITY_TABLES)) return 'genesis';
    if (hasTables(db, STIGMEM_TABLES)) return 'stigmem';
    throw new MeshBackupError(
      'DATABASE_SCHEMA',
      `${dbPath} is neither an authority's database nor a node's.`,
    );
  });
}
