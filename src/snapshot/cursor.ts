import { parseJson } from '../event/parse-json.ts';
import { stringNode } from '../event/python-json.ts';
import { indented } from './make-manifest.ts';

/** The file of applied migrations, laid out as the node does. The order is the caller's: the node sorts by version. */
export function makeCursor(migrations: readonly string[]): Buffer {
  return indented({
    kind: 'object',
    members: new Map([['applied_migrations', { kind: 'array', items: migrations.map(stringNode) }]]),
  });
}

/** The applied migrations; `undefined` where the file does not tell: the node never reads it either. */
export function parseCursor(bytes: Buffer): readonly string[] | undefined {
  const found = parseJson(bytes.toString('utf8'));
  if (typeof found !== 'object' || found === null || !('applied_migrations' in found)) return undefined;
  const { applied_migrations: migrations } = found;
  if (!Array.isArray(migrations)) return undefined;
  return migrations.every((one): one is string => typeof one === 'string') ? migrations : undefined;
}
