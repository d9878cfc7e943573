import { defineConfig } from 'vitest/config';

// The setup runs outside of the workers, which have it from `env`.
process.env.STRATA_ROOT = process.cwd();

const minutes = 60_000;

/** The acceptance suite: one platform on this machine's Docker engine, asked from outside, one file after the other. */
export default defineConfig({
  test: {
    include: ['test/docker/*.test.ts'],
    globalSetup: ['test/docker/support/setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    env: { STRATA_ROOT: process.cwd() },
    reporters: ['default'],
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 8 * minutes,
    hookTimeout: 10 * minutes,
    teardownTimeout: 2 * minutes,
  },
});
