import { identityOf } from './file-identity.ts';

/** The first of `PATH`, `PATH.2`, `PATH.3` … that names nothing yet. */
export async function firstFreeName(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}.${number}`;
    if ((await identityOf(name)) === undefined) return name;
  }
}
