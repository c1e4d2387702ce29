import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { newFolder } from '../snapshot/new-folder.ts';
import { namesIn } from '../sqlite/databases.ts';
import { childOf, goneOf, makeEndless } from '../sqlite/endless.ts';
import { newDatabase, SCRIPT } from './snapshot-scene.ts';
import { whenFinished } from './spawn.ts';

const script = fileURLToPath(new URL(`../../${SCRIPT}`, import.meta.url));

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s to the whole group stops a check that does not end', async (signal, status) => {
  const cwd = await newFolder();
  makeEndless(await newDatabase(cwd));
  const child = spawn(process.execPath, [script, 'snapshot', 'create', '--db', 'stigmem.db'], {
    cwd,
    detached: true,
  });
  const finished = whenFinished(child);
  const checking = await childOf(child.pid!);
  process.kill(-child.pid!, signal);
  expect(await finished).toMatchObject({ status, stdout: '' });
  await goneOf(checking);
  expect(await namesIn(cwd)).toEqual(['stigmem.db']);
});
