import { join } from 'node:path';
import { backUpAuthority } from '../managed/back-up-authority.ts';
import { restoreAuthority } from '../managed/restore-authority.ts';
import type { Patience } from '../sqlite/until-free.ts';
import type { DrilledSystem } from './drilled-system.ts';

const FILE = 'backup.db';

/** The authority's backups, as `managed backup` and `managed restore` make and restore them. */
export function genesisSystem(patience: Patience): DrilledSystem {
  let folder = '';
  return {
    name: 'genesis',
    environment: (dbPath) => ({ DB_PATH: dbPath }),
    backUp: async (dbPath, into) => {
      folder = into;
      const { bytes, sha256 } = await backUpAuthority(dbPath, join(into, FILE), patience);
      return { file: FILE, bytes, databaseSha256: sha256 };
    },
    restore: async ({ file }, dbPath, aside) => {
      await restoreAuthority(dbPath, join(folder, file), { ...patience, aside });
    },
  };
}
