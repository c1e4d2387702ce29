import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder } from '../snapshot/new-folder.ts';
import { namesIn } from '../sqlite/databases.ts';
import { change, failureOf, metaIn, newDatabase, setMeta, snapshot } from './snapshot-scene.ts';

const OFF = 'PRAGMA foreign_keys = OFF;';

test.each([
  [
    'an orphan',
    'CREATE TABLE pa(i PRIMARY KEY); CREATE TABLE ch(r REFERENCES pa(i)); INSERT INTO ch VALUES (7);',
    'a row of ch refers to a row of pa that is not there',
  ],
  [
    'no parent table',
    'CREATE TABLE ch(r REFERENCES pa(i)); INSERT INTO ch VALUES (7);',
    'a row of ch refers to a row of pa that is not there',
  ],
  [
    'no parent key',
    'CREATE TABLE pa(i); CREATE TABLE ch(r REFERENCES pa(i)); INSERT INTO ch VALUES (7);',
    'its foreign keys cannot be checked: one refers to what is no key',
  ],
])('%s: a refusal that names the way out, which warns', async (_, sql, says) => {
  const cwd = await newFolder();
  await newDatabase(cwd, OFF + setMeta('mine', 'orphans') + sql);
  const create = ['create', '--db', 'stigmem.db', '--out', 'a.tar.gz'];
  const refused = await snapshot(create, { cwd });
  expect(refused).toMatchObject({ status: 13, stdout: '' });
  expect(refused.stderr).toContain(says);
  expect(refused.stderr).toContain('--allow-orphans');
  expect(await namesIn(cwd)).toEqual(['stigmem.db']);
  const taken = await snapshot([...create, '--allow-orphans'], { cwd });
  expect(taken.status).toBe(0);
  expect(taken.stderr).toContain(`is damaged: ${says}. It is taken as it is\n`);

  for (const flags of [['--allow-orphans'], ['--force-unverified']]) {
    change(join(cwd, 'stigmem.db'), setMeta('mine', 'old'));
    const restore = ['restore', '--db', 'stigmem.db', 'a.tar.gz'];
    for (const more of [[], ['--dry-run']]) {
      expect(await failureOf([...restore, ...more], { cwd })).toEqual({
        status: 13,
        code: 'DATABASE_DAMAGED',
      });
    }
    expect(metaIn(join(cwd, 'stigmem.db'), 'mine')).toBe('old');
    expect((await snapshot([...restore, ...flags, '--dry-run'], { cwd })).stderr).toContain(says);
    // Never by a name of ours that is gone by then.
    const told = (await snapshot(restore, { cwd })).stderr;
    expect(told).toContain(`The database in a.tar.gz is damaged: ${says}`);
    const restored = await snapshot([...restore, ...flags], { cwd });
    expect(restored.status).toBe(0);
    expect(restored.stderr).toContain(`${says}. It is taken as it is\n`);
    expect(metaIn(join(cwd, 'stigmem.db'), 'mine')).toBe('orphans');
  }
});
