import { defineConfig } from 'vitest/config';

const minutes = 60_000;

/** Tests that start databases, processes or the real engine: a machine with two cores bears two files of them. */
const live = [
  'test/sql/**/*.test.ts',
  'test/engine/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/services/**/*.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    env: { STRATA_ROOT: process.cwd() },
    reporters: ['default'],
    teardownTimeout: 1 * minutes,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/{unit,components,contract}/**/*.test.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          maxWorkers: 2,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
