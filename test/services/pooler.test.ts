import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connections, pooledRoles } from '../../components/services/database/connections';
import { databaseServer } from '../../components/services/database/server';
import type { Workload } from '../../components/services/service';
import { issueAuthority } from '../../provider/tls/issue';
import { Containers } from '../support/containers';
import { noContainers } from '../support/docker-cli';
import {
  Clients,
  labImages,
  labSettings,
  makeRoles,
  poolerAlone,
  refusal,
} from '../support/database';
import { madeUpValues, type Values } from '../support/values';

const missing = noContainers(labImages.postgres, labImages.pgbouncer);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;

/** One connection for the role under attack, so that two clients share it. */
const pools = { authenticator: 1, app: 3, hasura: 2, guard: 2 };
const settings = labSettings({ database: { memory: '2G', pools } });
const server = databaseServer(settings);
const gate = poolerAlone(settings);

/** The same with other lines, as a service of another name. */
function changed(name: string, lines: Readonly<Record<string, string>>): Workload {
  const text = Object.entries(lines).reduce(
    (ini, [key, value]) => ini.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`),
    gate.files['pgbouncer.ini'] as string,
  );
  return { ...gate, name, files: { ...gate.files, 'pgbouncer.ini': text } };
}

describe.skipIf(missing)(`the pooler in a container${why}`, () => {
  let containers: Containers;
  let clients: Clients;
  let values: Values;
  let admin: Client;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-pooler-'));

  beforeAll(async () => {
    values = await madeUpValues(['database', 'pooler']);
    writeFileSync(path.join(folder, 'authority.pem'), values.authority.certificate);
    containers = await Containers.create('t-database-pooler-', values);
    clients = new Clients(containers, values, path.join(folder, 'authority.pem'));
    await containers.run(server, { published: true });
    await clients.makeDatabase();
    admin = await clients.connect('database', 'postgres');
    await makeRoles(admin, values);
    await containers.run(gate, { published: true });
  });

  afterAll(async () => {
    await clients.close();
    await containers.remove();
    rmSync(folder, { recursive: true });
  });

  test('serves transactions of API servers, with TLS to the client and to the server', async () => {
    const client = await clients.connect('pooler', 'strata_authenticator');
    await client.query('begin');
    await client.query("select set_config('app.tenant_id', 'one', true)");
    const { rows } = await client.query(
      `select session_user as role, current_setting('app.tenant_id') as tenant,
         (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as encrypted`,
    );
    await client.query('commit');
    expect(rows).toEqual([{ role: 'strata_authenticator', tenant: 'one', encrypted: true }]);
  });

  test('lets in nobody who must come directly, however right the password', async () => {
    const roles = ['postgres', 'strata_migrator', 'strata_dispatcher', 'strata_auditor'] as const;
    const said = roles.map((role) => refusal(clients.connect('pooler', role)));
    expect(await Promise.all(said)).toEqual(
      roles.map(() => expect.stringMatching(/authentication failed|no such user/) as string),
    );
  });

  test('refuses a client without TLS, and one with a wrong password', async () => {
    const plain = clients.connect('pooler', 'strata_app', { query: 'sslmode=disable' });
    const guess = clients.connect('pooler', 'strata_app', { password: 'guessed' });
    expect(await Promise.all([refusal(plain), refusal(guess)])).toEqual([
      expect.stringContaining('SSL required'),
      expect.stringMatching(/authentication failed/),
    ]);
  });

  test('its console shows figures to the monitor, obeys nobody, and opens to nobody else', async () => {
    const console = { name: 'pgbouncer' };
    const monitor = await clients.connect('pooler', 'strata_monitor', console);
    expect((await monitor.query('show pools')).rows.length).toBeGreaterThan(0);
    expect([
      await refusal(monitor.query('pause')),
      await refusal(clients.connect('pooler', 'strata_app', console)),
    ]).toEqual([
      expect.stringContaining('admin access needed'),
      expect.stringMatching(/not allowed|no such database/),
    ]);
  });

  test('what one client leaves in its session, the next one on the same connection does not see', async () => {
    const [one, two] = await sharing('pooler');
    await leaveBehind(one);
    expect(await found(two)).toEqual(nothing);
  });

  test('without the reset the same session leaks: it is what protects', async () => {
    const open = changed('open', { server_reset_query_always: '0' });
    await containers.run(open, { published: true });
    const [one, two] = await sharing('open');
    await leaveBehind(one);
    expect(await found(two)).toEqual({
      tenant: 'stolen',
      path: 'pg_temp',
      role: 'strata_tenant',
      locks: 1,
      tables: 1,
    });
    await containers.drop('open');
  });

  test('a query that takes too long is given up, and its connection does not stay busy', async () => {
    const impatient = changed('impatient', { query_timeout: '1' });
    await containers.run(impatient, { published: true });
    const client = await clients.connect('impatient', 'strata_app');
    expect(await refusal(client.query('select pg_sleep(1000)'))).toMatch(
      /query.timeout|terminated/,
    );
    const waiting =
      "select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(1000)'";
    await expect
      .poll(async () => (await admin.query<{ n: number }>(waiting)).rows[0]?.n, { timeout: 20_000 })
      .toBe(0);
    await containers.drop('impatient');
  });

  test('a server with the certificate of another authority is not logged in to', async () => {
    const other = await issueAuthority('Somebody else', 10);
    const trap: Workload = {
      ...gate,
      name: 'trap',
      secrets: { ...gate.secrets, AUTHORITY: { config: 'other' } },
    };
    values.set('other', other.certificate);
    await containers.run(trap, { published: true });
    await refusal(clients.connect('trap', 'strata_app'));
    expect(await containers.logs('trap')).toMatch(/certificate verify failed/);
    await containers.drop('trap');
  });

  test('Postgres has a connection for everybody when all pools and all direct users are full', async () => {
    const size = connections(settings.database);
    const pooled = Object.entries(pooledRoles).flatMap(([name, role]) =>
      Array.from({ length: pools[name as keyof typeof pools] }, () => role),
    );
    // Two more clients than each pool has connections: they wait, and take none.
    const crowd = [...pooled, ...Object.values(pooledRoles), ...Object.values(pooledRoles)];
    const inside = await Promise.all(crowd.map((role) => clients.connect('pooler', role)));
    const busy = inside.map((client) => client.query('select pg_sleep(3)'));
    const others = Array.from({ length: size.direct - 1 }, () =>
      clients.connect('database', 'strata_monitor'),
    );
    await Promise.all(others);
    const { rows } = await admin.query<{ role: string; n: number }>(
      `select usename as role, count(*)::int as n from pg_stat_activity
       where usename = any ($1) group by 1 order by 1`,
      [Object.values(pooledRoles)],
    );
    expect(rows).toEqual([
      { role: 'strata_app', n: 3 },
      { role: 'strata_authenticator', n: 1 },
      { role: 'strata_guard', n: 2 },
      { role: 'strata_hasura', n: 2 },
    ]);
    await Promise.all(busy);
    // One more than planned takes what is kept for the superuser, and is refused.
    await refusal(clients.connect('database', 'strata_monitor'));
    await clients.connect('database', 'postgres');
  });

  test('a server that was killed and came back is used again', async () => {
    const client = await clients.connect('pooler', 'strata_guard');
    await client.query('select 1');
    await containers.kill('database');
    await containers.restart(server);
    await containers.healthy(gate);
    const again = await clients.connect('pooler', 'strata_guard');
    expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  /** Two clients of a pool with one connection. */
  async function sharing(service: string): Promise<[Client, Client]> {
    const one = await clients.connect(service, 'strata_authenticator');
    const two = await clients.connect(service, 'strata_authenticator');
    const backend = 'select pg_backend_pid() as pid';
    const pids = [await one.query(backend), await two.query(backend)].map(
      ({ rows }) => rows as unknown,
    );
    expect(pids[0]).toEqual(pids[1]);
    return [one, two];
  }
});

const nothing = { tenant: null, path: '"$user", public', role: 'none', locks: 0, tables: 0 };

/** All that a session can keep: a tenant, a search path, a lock, a table, a role. */
async function leaveBehind(client: Client): Promise<void> {
  await client.query('create temp table bait (n int)');
  await client.query('select pg_advisory_lock(42)');
  await client.query("set app.tenant_id = 'stolen'");
  await client.query('set search_path = pg_temp');
  await client.query('set role strata_tenant');
}

async function found(client: Client): Promise<unknown> {
  const { rows } = await client.query<{ tenant: string | null }>(
    `select nullif(current_setting('app.tenant_id', true), '') as tenant,
       current_setting('search_path') as path, current_setting('role') as role,
       (select count(*)::int from pg_locks where locktype = 'advisory') as locks,
       (select count(*)::int from pg_class where relname = 'bait') as tables`,
  );
  return rows[0];
}
