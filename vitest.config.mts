import os from 'node:os';
import { defineConfig } from 'vitest/config';

const minutes = 60_000;

/** Tests that start databases, processes or the real engine. */
const live = ['test/sql/**/*.test.ts', 'test/engine/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** What needs a Docker engine, and what deploys or renders the same thing many times. */
const longer = [
  'test/engine/{changes,docker-*,functions,hooks,import-supabase,repair,services,users}.test.ts',
  'test/components/{provider-docker-*,docker-changes,presets,aws}.test.ts',
  'test/engine/policy.test.ts',
];

/** A browser gives up what it asks when the machine's network changes, as it does when containers come and go. */
const browser = ['test/services/admin-browser.test.ts'];

/** Tests of single services, and what is longer: with more that may be missing. */
const services = ['test/services/**/*.test.ts', ...longer];

export default defineConfig({
  test: {
    pool: 'forks',
    // Most files wait for a good part of their time, so one more is at work than there are processors.
    maxWorkers: os.availableParallelism() + 1,
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
          testTimeout: 1 * minutes,
          hookTimeout: 1 * minutes,
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          exclude: longer,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
        },
      },
      {
        extends: true,
        test: {
          name: 'tenancy',
          include: ['test/tenancy/**/*.test.ts'],
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
        },
      },
      {
        extends: true,
        test: {
          name: 'services',
          include: services,
          exclude: browser,
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: browser,
          // After all others of the same run.
          sequence: { groupOrder: 1 },
          testTimeout: 5 * minutes,
          hookTimeout: 5 * minutes,
        },
      },
    ],
  },
});
