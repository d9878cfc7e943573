import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantPassword } from '../../components/tenancy/login';
import { platformDatabase, tenantRole } from '../../components/tenancy/places';
import { serverUser } from '../../provider/local/folders';
import { query } from '../e2e/graphql';
import { follow } from '../support/follow';
import { freePort } from '../support/ports';
import { startGraphql, type Program } from '../support/program';
import { tokenFor } from '../support/storage';
import { ApiWorld, type Inhabitant } from './support/api-world';
import { master } from './support/platform';
import { noPgbouncer } from './support/pooler';

const why = noPgbouncer === undefined ? '' : ` (skipped: ${noPgbouncer})`;

describe.skipIf(noPgbouncer)(`GraphQL through a PgBouncer in transaction mode${why}`, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-places-pooler-'));
  let world: ApiWorld;
  let pgbouncer: ChildProcess;
  let service: Program;
  let all: Inhabitant[];
  let far: Inhabitant[];

  beforeAll(async () => {
    world = await ApiWorld.start();
    all = [];
    far = [];
    await world.admin.query(
      "insert into registry.shards (name, host, port) values ('far', 'nowhere.invalid', 1)",
    );
    for (const model of ['shared', 'schema', 'database'] as const) {
      for (const which of ['one', 'two']) all.push(await world.settle(`${model}-${which}`, model));
      const distant = await world.settle(`${model}-far`, model);
      await world.set(distant.tenant, 'shard', 'far');
      far.push(distant);
    }
    const port = await startPooler();
    service = await startGraphql(
      {
        databaseUrl: `postgresql://strata_authenticator@127.0.0.1:${port}/${platformDatabase}`,
        master,
      },
      true,
    );
  });

  afterAll(async () => {
    await service.stop();
    const ended = once(pgbouncer, 'exit');
    pgbouncer.kill('SIGKILL');
    await ended;
    await world.server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Two connections for each database and login, so that tenants take turns on them. */
  async function startPooler(): Promise<number> {
    const postgres = new URL(world.server.url('strata_authenticator', platformDatabase)).port;
    const port = await freePort();
    chmodSync(folder, 0o755);
    const users = path.join(folder, 'users.txt');
    const own = [...all, ...far].filter(({ tenant }) => tenant.model === 'database');
    const logins = own.map(
      ({ tenant: { id } }) => `"${tenantRole(id)}" "${tenantPassword(master, id, 1)}"`,
    );
    writeFileSync(users, ['"strata_authenticator" ""', ...logins, ''].join('\n'));
    const configuration = path.join(folder, 'pgbouncer.ini');
    writeFileSync(
      configuration,
      `[databases]
strata_far = host=127.0.0.1 port=${postgres} dbname=${platformDatabase}
* = host=127.0.0.1 port=${postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 2
`,
    );
    const binary = process.env.STRATA_TEST_PGBOUNCER ?? 'pgbouncer';
    pgbouncer = spawn(binary, [configuration], {
      ...serverUser(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await follow(pgbouncer).line(/process up/);
    return port;
  }

  async function bodies({ session }: Inhabitant): Promise<unknown> {
    const text = '{ notes { nodes { body project { name } } } }';
    const { data, errors } = await query(service.url, await tokenFor(session), text);
    return { data, errors };
  }

  function own({ secret }: Inhabitant): unknown {
    return {
      data: { notes: { nodes: [{ body: secret, project: { name: secret } }] } },
      errors: [],
    };
  }

  test('tenants of three models who take turns on two connections are never taken for each other', async () => {
    const asking = Array.from({ length: 30 }, () => all).flat();
    expect(await Promise.all(asking.map(bodies))).toEqual(asking.map(own));
  });

  test('a tenant on another shard is reached by the pooler’s name of it, not by its address', async () => {
    expect(await Promise.all(far.map(bodies))).toEqual(far.map(own));
  });
});
