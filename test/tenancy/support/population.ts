import { spawn, type ChildProcess } from 'node:child_process';
import type { Client } from 'pg';
import { expect } from 'vitest';
import { placeOf, tenantRole, type Model } from '../../../components/tenancy/places';
import { asMaintenance, withClient } from '../../../provider/database/connect';
import { ledgerScope, standingOf } from '../../../provider/tenancy/bring-up';
import { placeUrl, registryUrl } from '../../../provider/tenancy/clusters';
import type { TenancyPlan } from '../../../provider/tenancy/plan';
import { provision, type Platform } from '../../../provider/tenancy/provision';
import { placeOfTenant, tenantColumns, type Tenant } from '../../../provider/tenancy/tenant';
import { startServer, type Server } from '../../sql/support/server';
import { deployCluster, planWith, platformOf } from './platform';

/** Two clusters, `main` and `east`, with the registry on the first. */
export interface World {
  readonly servers: Readonly<Record<'main' | 'east', Server>>;
  readonly platform: Platform;
  readonly stop: () => Promise<void>;
}

export async function startWorld(plan: TenancyPlan = planWith()): Promise<World> {
  const [main, east] = await Promise.all([startServer(), startServer()]);
  await Promise.all([deployCluster(main, plan), deployCluster(east, plan, 'east')]);
  const admin = await main.connect('postgres', 'strata');
  await admin.query(
    "insert into registry.shards (name, host, port) values ('east', 'east.test', 5432)",
  );
  await admin.end();
  const servers = { main, east };
  return {
    servers,
    platform: platformOf(servers, plan),
    stop: async () => {
      await Promise.all([main.stop(), east.stop()]);
    },
  };
}

/** A tenant with an admin and its place. */
export async function settle(
  platform: Platform,
  slug: string,
  model: Model,
  shard: string,
): Promise<Tenant> {
  const tenant = await asMaintenance(registryUrl(platform.clusters), async (client) => {
    const { rows } = await client.query<Tenant>(
      `with t as (insert into registry.tenants (slug, name, model, shard) values ($1, $1, $2, $3) returning *),
         u as (insert into registry.users (handle) values ($1 || '-ann') returning id),
         m as (insert into registry.members (tenant_id, user_id, role) select t.id, u.id, 'admin' from t, u)
       select ${tenantColumns} from t`,
      [slug, model, shard],
    );
    return rows[0];
  });
  if (!tenant) throw new Error(`${slug} was not made`);
  await provision(platform, tenant);
  return tenant;
}

/** Every own place against the registry: what is written there is what is there. Returns versions by slug. */
export async function expectLedgerToBeTrue(platform: Platform): Promise<Record<string, string>> {
  const ledger = await asMaintenance(registryUrl(platform.clusters), (client) => entries(client));
  const versions: Record<string, string> = {};
  for (const { tenant, version, done } of ledger) {
    const place = placeOfTenant(tenant);
    const real = await withClient(placeUrl(platform.clusters, place), async (client) => {
      const { rows } = await client.query<{ name: string; sha256: string }>(
        'select name, sha256 from strata.migrations where scope = $1 order by name',
        [ledgerScope(place)],
      );
      return { version: (await standingOf(client, place)).version, done: rows };
    });
    expect({ slug: tenant.slug, version, done }).toEqual({ slug: tenant.slug, ...real });
    versions[tenant.slug] = version ?? '';
  }
  return versions;
}

interface Entry {
  readonly tenant: Tenant;
  readonly version: string | undefined;
  readonly done: readonly { readonly name: string; readonly sha256: string }[];
}

async function entries(client: Client): Promise<Entry[]> {
  const { rows } = await client.query<
    Tenant & { schema_version: string | null; done: Entry['done'] }
  >(
    `select ${tenantColumns}, t.schema_version, coalesce((
       select jsonb_agg(jsonb_build_object('name', m.name, 'sha256', m.sha256) order by m.name)
       from registry.tenant_migrations m where m.tenant_id = t.id and m.state = 'done'), '[]') as done
     from registry.tenants t where t.model <> 'shared' order by t.slug`,
  );
  return rows.map(({ schema_version: version, done, ...tenant }) => ({
    tenant,
    version: version ?? undefined,
    done,
  }));
}

/** What each place really has of some migrations, by slug; a place with a part of them only is not among its states. */
export async function reallyApplied(
  platform: Platform,
  tenants: readonly Tenant[],
  names: readonly string[],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const tenant of tenants) {
    const place = placeOfTenant(tenant);
    found[tenant.slug] = await withClient(placeUrl(platform.clusters, place), async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'select name from strata.migrations where scope = $1 and name = any ($2) order by name',
        [ledgerScope(place), names],
      );
      return rows.map(({ name }) => name).join(' ');
    });
  }
  return found;
}

/** One of the programs of this folder in a process of its own, which can be killed. It gets `input` as JSON. */
export function child(program: string, input: unknown): ChildProcess {
  const started = spawn(
    process.execPath,
    ['engine/load.cjs', `test/tenancy/support/${program}`, JSON.stringify(input)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return started;
}

/** Resolves at the first line that `wanted` takes; lines come in order. */
export function lineOf(process: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let rest = '';
    process.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      const line = lines.find(wanted);
      if (line !== undefined) resolve(line);
    });
    process.once('exit', (code) => {
      reject(new Error(`ended with ${String(code)} before`));
    });
  });
}

/** SIGKILL, and waits until the process is gone. */
export async function kill(process: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGKILL');
  await gone;
}

/** A session of a tenant's admin, in a transaction, as an API begins it. */
export async function asAdmin<T>(
  world: World,
  tenant: Tenant,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { database, schema, role } = placeOf(tenant.id, tenant.model, tenant.shard);
  const login = tenant.model === 'database' ? tenantRole(tenant.id) : 'strata_authenticator';
  const user = await adminOf(world.platform, tenant);
  const claims = {
    'https://hasura.io/jwt/claims': {
      'x-hasura-tenant-id': tenant.id,
      'x-hasura-user-id': user,
      'x-hasura-role': 'tenant_admin',
    },
  };
  const server = tenant.shard === 'main' ? world.servers.main : world.servers.east;
  return withClient(server.url(login, database), async (client) => {
    await client.query('begin');
    await client.query(
      `select set_config('role', $1, true), set_config('search_path', $2, true),
         set_config('request.jwt.claims', $3, true)`,
      [role, schema, JSON.stringify(claims)],
    );
    const result = await work(client);
    await client.query('commit');
    return result;
  });
}

export async function adminOf({ clusters }: Platform, { id }: Tenant): Promise<string> {
  return asMaintenance(registryUrl(clusters), async (client) => {
    const { rows } = await client.query<{ user_id: string }>(
      "select user_id from registry.members where tenant_id = $1 and role = 'admin' order by user_id limit 1",
      [id],
    );
    return rows[0]?.user_id ?? '';
  });
}
