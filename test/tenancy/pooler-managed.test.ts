import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pooler, poolerFolder } from '../../components/services/database/pooler';
import { fill } from '../../components/targets/files';
import { serverUser } from '../../provider/local/folders';
import { issueAuthority, issueCertificate, type Issued } from '../../provider/tls/issue';
import { follow } from '../support/follow';
import { startManagedPostgres, type ManagedPostgres } from '../support/managed-postgres';
import { settingsOf } from '../support/platform';
import { freePort } from '../support/ports';
import { noPgbouncer } from './support/pooler';

const why = noPgbouncer === undefined ? '' : ` (skipped: ${noPgbouncer})`;
const user = serverUser();
const password = 'a-password-of-tests';

describe.skipIf(noPgbouncer)(`the pooler before a stand-in for RDS${why}`, () => {
  let managed: ManagedPostgres;
  let platform: Issued;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    managed = await startManagedPostgres();
    platform = await issueAuthority('Strata tests', 2);
    folder = mkdtempSync(path.join(os.tmpdir(), 'strata-pooler-managed-'));
    chmodSync(folder, 0o711);
    const admin = await managed.server.connect('postgres', 'postgres');
    await admin.query('create role strata_app login');
    await admin.query('create database strata');
  });

  afterAll(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await managed.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, text: string): string {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (user) chownSync(file, user.uid, user.gid);
    return file;
  }

  /** A client of a pooler that finds the database at `host` and trusts `authority` for it. */
  async function through(host: string, authority: string): Promise<Client> {
    const settings = settingsOf({
      target: 'aws',
      domain: 'example.org',
      aws: { database: 'rds' },
    });
    const ini = pooler(settings).files['pgbouncer.ini'];
    if (typeof ini === 'string' || ini === undefined) throw new Error('the host is no value');
    const { certificate, key } = await issueCertificate(['localhost'], 2, platform);
    const port = await freePort();
    const changes = {
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_file: write('userlist.txt', `"strata_app" "${password}"\n`),
      client_tls_cert_file: write('certificate.pem', certificate),
      client_tls_key_file: write('key.pem', key),
      client_tls_ca_file: write('platform.pem', platform.certificate),
      server_tls_ca_file: write(`${String(port)}.pem`, authority),
      query_wait_timeout: '5',
    };
    const text = Object.entries(changes).reduce(
      (all, [name, value]) => all.replace(new RegExp(`^${name} = .*$`, 'm'), `${name} = ${value}`),
      fill(ini.template, { DATABASE_HOST: host })
        .replace('port=5432', `port=${managed.port}`)
        .replace(new RegExp(`^%include ${poolerFolder}.*$`, 'm'), ''),
    );
    const child = spawn('pgbouncer', [write(`${String(port)}.ini`, text)], {
      ...user,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    await follow(child).line(/process up/);
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: 'strata_app',
      password,
      database: 'strata',
      ssl: { ca: platform.certificate, servername: 'localhost' },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  test('goes on by TLS to a host that is not of the platform, by who signed for it', async () => {
    const client = await through(managed.host, `${platform.certificate}\n${managed.authority}`);
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    await client.end();
    expect(rows).toEqual([{ ssl: true }]);
  });

  test('takes no server whose authority it was not told of', async () => {
    await expect(through(managed.host, platform.certificate)).rejects.toThrow();
  });

  test('takes no server under another name than its certificate has', async () => {
    await expect(through('127.0.0.1', managed.authority)).rejects.toThrow();
  });
});
