import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { newFolder } from '../managed/authority.ts';
import { filesOf } from '../snapshot/plain-tar.ts';
import { readVector } from '../snapshot/vectors.ts';

/** A copy of the database of a real Stigmem node. */
export function newNode(): string {
  const path = join(newFolder(), 'na.db');
  writeFileSync(path, filesOf(gunzipSync(readVector('self-signed.tar.gz'))).get('artifacts/stigmem.db')!);
  return path;
}
