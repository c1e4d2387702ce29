import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runModule } from '../jsonl/node-child.ts';
import { BUILT } from './built.ts';

const NOT_INSTALLED = `import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(
    "export const resolve = (name, context, next) => { if (name === 'better-sqlite3') throw new Error('no'); return next(name, context); }"));`;
const NOT_COMPILED = `process.dlopen = () => { throw new Error('compiled against another Node.js version'); };`;

test.each([
  ['is not installed', NOT_INSTALLED],
  ['does not load', NOT_COMPILED],
])('where better-sqlite3 %s it is missed when it is needed, and no earlier', async (_, before) => {
  const names = (await readdir(fileURLToPath(BUILT))).filter((name) => name.endsWith('.js'));
  expect(names.length).toBeGreaterThan(10);
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  const said = await runModule(
    `for (const name of ${JSON.stringify(names)}) await import('${BUILT}' + name);
    console.log('loaded');
    const { loadSqlite } = await import('${BUILT}load-sqlite.js');
    await loadSqlite().catch((error) => console.log(error.code, error.exitStatus, error.hint));`,
    { nodeArgs },
  );
  expect(said).toMatch(/^loaded\nSQLITE_MISSING 1 .*npm rebuild better-sqlite3.*\n$/);
});
