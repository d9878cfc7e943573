import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import {
  renderConfiguration,
  serverSettings,
} from '../../components/services/database/configuration';
import { renderHba } from '../../components/services/database/hba';
import { containerPaths } from '../../components/services/service';
import { serverUser } from '../../provider/local/folders';
import { binariesFor } from '../../provider/local/postgres/binaries';
import { labSettings } from '../support/database';
import { madeUpValues } from '../support/values';
import { freePort } from '../support/ports';

/**
 * The rendered files on a Postgres of this machine: the embedded 18, or another major by `STRATA_TEST_POSTGRES_BIN`
 * as in test/sql. Containers have but one major in a lab.
 */
test('the newest major takes every line of the rendered files', async () => {
  const user = serverUser();
  const bin = process.env.STRATA_TEST_POSTGRES_BIN ?? binariesFor(user).bin;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-configuration-'));
  const own = (name: string) => path.join(folder, name);
  const give = (at: string) => {
    if (user) chownSync(at, user.uid, user.gid);
  };
  const values = await madeUpValues(['database']);
  const port = await freePort();

  give(folder);
  mkdirSync(own('data'), { mode: 0o700 });
  give(own('data'));
  const written = {
    'postgresql.conf': renderConfiguration(serverSettings(labSettings().database))
      .replaceAll(containerPaths.secrets, folder)
      .replace(/^port = .*/m, `port = '${port}'`)
      .replace(/^unix_socket_directories = .*/m, `unix_socket_directories = '${folder}'`)
      .replace(/^archive_command = .*/m, "archive_command = 'true'"),
    'pg_hba.conf': `${renderHba()}hostssl all all 127.0.0.1/32 scram-sha-256\n`.replace(
      /^host {2}all.*\n/m,
      '',
    ),
    TLS_CERTIFICATE: values({ certificate: 'database', part: 'certificate' }),
    TLS_KEY: values({ certificate: 'database', part: 'key' }),
    'authority.pem': values.authority.certificate,
    password: 'a-password-of-the-test',
  };
  for (const [name, text] of Object.entries(written)) {
    writeFileSync(own(name), text, { mode: 0o600 });
    give(own(name));
  }
  const env = { LC_ALL: 'C', PATH: process.env.PATH };
  const initdb = ['-D', own('data'), '-U', 'postgres', `--pwfile=${own('password')}`, '--no-sync'];
  execFileSync(path.join(bin, 'initdb'), initdb, { ...user, env, cwd: folder, stdio: 'ignore' });
  const files = ['config_file=postgresql.conf', 'hba_file=pg_hba.conf'].flatMap((given) => [
    '-c',
    given.replace('=', `=${folder}/`),
  ]);
  const server = spawn(path.join(bin, 'postgres'), ['-D', own('data'), ...files], {
    ...user,
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  server.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const ended = new Promise((resolve) => server.on('exit', resolve));
  try {
    await expect.poll(() => said.join(''), { timeout: 30_000 }).toContain('ready to accept');
    const client = new Client({
      connectionString: `postgresql://postgres:${written.password}@127.0.0.1:${port}/postgres?sslmode=verify-full&sslrootcert=${own('authority.pem')}`,
    });
    await client.connect();
    const { rows } = await client.query(
      `select name, error from pg_file_settings where not applied
       union all select 'line ' || line_number, error from pg_hba_file_rules where error is not null`,
    );
    await client.end();
    expect(rows).toEqual([]);
  } finally {
    server.kill('SIGQUIT');
    await ended;
    rmSync(folder, { recursive: true });
  }
});
