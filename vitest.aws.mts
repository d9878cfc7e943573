import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

// The setup runs outside of the workers, which have it from `env`.
process.env.STRATA_ROOT = process.cwd();
// It runs beside the suite of target docker.
process.env.STRATA_TEST_SLICE = '4';
const moto = path.join(os.homedir(), '.cache', 'strata', 'moto');
const python = (process.env.MOTO_PYTHON ??= path.join(moto, 'bin', 'python'));

const minutes = 60_000;

/** Target aws against an emulator of AWS, and its servers' programs on a real Docker engine. */
export default defineConfig({
  test: {
    include: ['test/aws/*.test.ts'],
    globalSetup: ['test/aws/support/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    env: { STRATA_ROOT: process.cwd(), STRATA_TEST_SLICE: '4', MOTO_PYTHON: python },
    reporters: ['default'],
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 8 * minutes,
    hookTimeout: 10 * minutes,
    teardownTimeout: 2 * minutes,
  },
});
