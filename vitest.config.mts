import { defineConfig } from 'vitest/config';

const minutes = 60_000;

/**
 * Tests that start databases, processes or the real engine: a machine with two cores bears two files of them, and three
 * where each waits for a good part of its time.
 */
const live = ['test/sql/**/*.test.ts', 'test/engine/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** What needs a Docker engine, and what deploys or renders the same thing many times. */
const longer = [
  'test/engine/{docker-*,functions,hooks,import-supabase,repair,services,users}.test.ts',
  'test/components/{provider-docker-*,docker-changes,presets,aws}.test.ts',
  'test/engine/policy.test.ts',
];

/** Tests of single services, and what is longer: with more that may be missing. */
const services = ['test/services/**/*.test.ts', ...longer];

export default defineConfig({
  test: {
    pool: 'forks',
    env: { STRATA_ROOT: process.cwd() },
    reporters: ['default'],
    teardownTimeout: 1 * minutes,
    // What is awaited comes when it comes; a busy machine takes longer than the usual second.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/{unit,components,contract}/**/*.test.ts'],
          exclude: longer,
          // Vitest leaves one processor for a person who works meanwhile: of two that is half.
          maxWorkers: '100%',
          testTimeout: 1 * minutes,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          exclude: longer,
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
          maxWorkers: 3,
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
          maxWorkers: 3,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
