import { defineConfig } from 'vitest/config';

const minutes = 60_000;

/** Tests that start databases, processes or the real engine: a machine with two cores bears two files of them. */
const live = ['test/sql/**/*.test.ts', 'test/engine/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** Tests of single services, and what needs a Docker engine: longer, and with more that may be missing. */
const docker = ['test/engine/docker-*.test.ts', 'test/components/provider-docker-*.test.ts'];
const services = ['test/services/**/*.test.ts', ...docker];

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
          exclude: docker,
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          exclude: docker,
          maxWorkers: 2,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'tenancy',
          include: ['test/tenancy/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'services',
          include: services,
          maxWorkers: 2,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
