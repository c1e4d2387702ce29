import { defineConfig } from 'vitest/config';

/** The tests of the real mesh; `npm run test:mesh` starts them in a network of their own. They share its ports. */
export default defineConfig({
  test: {
    include: ['test/mesh/real/*.mesh.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
