import type { Client } from 'pg';
import { quoteName } from '../../components/tenancy/identifiers';
import { tenantVerifier } from '../../components/tenancy/verifier';
import { isWithRegistry, platformDatabase, type Place } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import { inTransaction } from '../database/connect';
import { bringUp } from './bring-up';
import { placeUrl, type Clusters } from './clusters';
import { closeLogin } from './drop-place';
import { mirror, originalOf } from './mirror';
import type { TenancyPlan } from './plan';
import { inRegistry } from './registry';
import { Session } from './session';
import { templateDatabase } from './template';
import { placeOfTenant, type Tenant } from './tenant';

/** What makes and keeps the places of tenants. */
export interface Platform {
  readonly clusters: Clusters;
  readonly plan: TenancyPlan;
  /** What the passwords of tenants' logins are derived from. */
  readonly master: string;
}

/**
 * Makes the place of a tenant that the registry has, and brings it to the plan: schema and role, or database and login.
 * What is there already is left as it is, so an interrupted one is done by running it again. Shared rows need no place,
 * except for the tenant's copy in the registry of another shard. Returns the names of the applied migrations.
 */
export async function provision(platform: Platform, tenant: Tenant): Promise<readonly string[]> {
  const session = new Session();
  try {
    return await provisionBy(session, platform, tenant);
  } finally {
    await session.end();
  }
}

/** Brings a tenant's people, name and status to its own database or shard; nothing where that is the registry's. */
export async function synchronise(clusters: Clusters, tenant: Tenant): Promise<void> {
  const place = placeOfTenant(tenant);
  if (isWithRegistry(place)) return;
  await mirror(placeUrl(clusters, place), tenant, () =>
    inRegistry(clusters, (client) => originalOf(client, tenant)),
  );
}

async function provisionBy(
  session: Session,
  platform: Platform,
  tenant: Tenant,
): Promise<readonly string[]> {
  const { clusters, plan } = platform;
  const place = placeOfTenant(tenant);
  if (place.model !== 'shared') {
    const cluster = { shard: place.shard, database: platformDatabase };
    const client = await session.at(placeUrl(clusters, cluster));
    await makeRole(platform, tenant, place, client);
    if (place.model === 'schema') await makeSchema(client, place, tenant);
    else await makeDatabase(client, place);
  }
  await synchronise(clusters, tenant);
  if (place.model === 'shared') return [];
  const client = await session.at(placeUrl(clusters, place));
  const { names } = await bringUp({ client, place, tenantId: tenant.id, plan });
  return names;
}

async function makeRole(
  { master }: Platform,
  tenant: Tenant,
  place: Place,
  client: Client,
): Promise<void> {
  const verifier =
    place.model === 'database' ? tenantVerifier(master, tenant.id, tenant.generation) : null;
  await inTransaction(client, undefined, async () => {
    await client.query('select strata.make_tenant_role($1, $2)', [tenant.id, verifier]);
    if (verifier !== null && tenant.status === 'suspended') await closeLogin(client, tenant.id);
  });
}

async function makeSchema(
  client: Client,
  { schema, role }: Place,
  { status }: Tenant,
): Promise<void> {
  const name = quoteName(schema);
  const users = status === 'suspended' ? [] : [quoteName(role)];
  await inTransaction(client, 'strata_owner', () =>
    client.query(`
      create schema if not exists ${name};
      grant usage on schema ${name} to ${[...users, 'strata_maintenance'].join(', ')};
      alter default privileges for role strata_owner in schema ${name} grant all on tables to strata_maintenance;
      alter default privileges for role strata_owner in schema ${name} grant all on sequences to strata_maintenance`),
  );
}

/** Nobody gets in before it is closed to everybody: a new database lets everybody connect. */
async function makeDatabase(client: Client, { database }: Place): Promise<void> {
  const name = quoteName(database);
  const { rows } = await client.query<{ there: boolean; open: boolean }>(
    `select exists (select from pg_database where datname = $1) as there,
         exists (select from pg_database where datname = $1 and datallowconn) as open`,
    [database],
  );
  const [found] = rows;
  if (found?.open) return;
  if (!found?.there) await copyTemplate(client, name);
  // One message is one transaction, so that a connection that is used again never stays the owner.
  await client.query(`set role strata_owner;
    revoke all on database ${name} from public;
    grant connect on database ${name} to ${quoteName(`strata_${database}`)}, strata_migrator, strata_auditor;
    alter database ${name} allow_connections true;
    reset role`);
}

async function copyTemplate(client: Client, name: string): Promise<void> {
  const template = quoteName(templateDatabase);
  try {
    await client.query(
      `create database ${name} template ${template} owner strata_owner allow_connections false strategy wal_log`,
    );
  } catch (error) {
    if ((error as { code?: string }).code !== '3D000') throw error;
    throw new UserError(
      `The template of tenants' databases (${templateDatabase}) is missing: deploy the platform again (npm run up)`,
    );
  }
}
