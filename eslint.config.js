import { existsSync } from 'node:fs';
import { defineConfig, globalIgnores } from 'eslint/config';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms of docs/design.md, top to bottom: a room imports from rooms below it and from itself, no others. */
const floors = [
  ['src/index.ts'],
  ['src/cli'],
  ['src/sandbox'],
  ['src/keeping', 'src/drill'],
  ['src/dump', 'src/restore', 'src/doctor', 'src/archive', 'src/stash', 'src/snapshot', 'src/managed'],
  ['src/receipt', 'src/evidence'],
  ['src/sync'],
  ['src/mesh'],
  ['src/merge'],
  ['src/sqlite', 'src/keys'],
  ['src/jsonl'],
  ['src/event'],
  ['src/identity'],
  ['src/errors.ts'],
].map((rooms) => rooms.filter((room) => existsSync(new URL(room, import.meta.url))));

const zones = floors.flatMap((rooms, floor) =>
  rooms.map((room) => ({
    target: `./${room}`,
    from: [...floors.slice(0, floor).flat(), ...rooms.filter((other) => other !== room)].map((r) => `./${r}`),
    message: 'Imports point down the rooms of docs/design.md only.',
  })),
);

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'fixtures/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: zones.filter((zone) => zone.from.length > 0) }],
      'import-x/no-duplicates': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: { 'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
