import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { mainShard, type Model } from '../../components/tenancy/places';
import { reservedSlugs } from '../../components/settings/names';
import { clusterUrl, type Clusters } from './clusters';
import { type Manifest } from './export-folder';
import { readExport, refused } from './export-read';
import { activate, exclusively } from './lifecycle';
import type { Platform } from './provision';
import { inRegistry } from './registry';
import { roomProblems } from './shard-room';
import { tableProblems } from './stores/postgres';
import type { TenantStore } from './stores/store';
import { tenantColumns, type Tenant } from './tenant';
import { isPrintable, nameProblems, placeProblems, slugProblems } from './wanted';

interface Target {
  readonly model: Model;
  readonly shard?: string;
  /** A second tenant with another slug and a new id: for copies beside the original. */
  readonly as?: { readonly slug: string; readonly name?: string };
}

/**
 * Makes a tenant of an export, in whatever model and on whatever shard. Nothing is written unless the folder is whole and
 * fits: hashes, columns, slug, people. Nobody gets in before everything is there; an interrupted import is done by running
 * it again. API keys are issued anew.
 */
export async function importTenant(
  platform: Platform,
  stores: readonly TenantStore[],
  folder: string,
  target: Target,
): Promise<Tenant> {
  const source = await readExport(folder);
  const { shard = mainShard } = target;
  clusterUrl(platform.clusters, shard);
  const problems = [
    ...copyProblems(target.as),
    ...nameProblemsOf(source.manifest),
    ...placeProblems(platform.plan, { model: target.model, shard }),
    ...(await tableProblems(platform, source.manifest)),
  ];
  if (problems.length > 0) throw refused(folder, problems);
  const slug = target.as?.slug ?? source.manifest.tenant.slug;
  return exclusively(platform.clusters, slug, async () => {
    const tenant = await inRegistry(platform.clusters, (client) =>
      enter(client, platform.clusters, folder, source.manifest, { ...target, shard }),
    );
    for (const store of stores) {
      await store.provision(tenant);
      await store.import(tenant, source);
    }
    return activate(platform, tenant);
  });
}

/** Whoever wrote the folder may have named a tenant or people so that a list of them shows something else. */
function nameProblemsOf({ tenant, members }: Manifest): string[] {
  const names = [tenant.name, ...members.map(({ handle }) => handle)];
  return [
    ...names
      .filter((name) => !isPrintable(name))
      .map((name) => `the name ${JSON.stringify(name)} cannot be shown`),
    ...(reservedSlugs.includes(tenant.slug)
      ? [`the slug ${tenant.slug} is reserved: --as gives a copy another one`]
      : []),
  ];
}

/** An export has the names of a tenant that there was; a copy gets new ones. */
function copyProblems(as: Target['as']): string[] {
  return as ? [...slugProblems(as.slug), ...nameProblems(as.name)] : [];
}

/** The row in the registry, or the one of an import that was interrupted, and the members. */
async function enter(
  client: Client,
  clusters: Clusters,
  folder: string,
  manifest: Manifest,
  { model, shard, as }: Target & { readonly shard: string },
): Promise<Tenant> {
  const wanted = { ...manifest.tenant, ...(as && { id: randomUUID() }), ...as };
  const { rows: known } = await client.query<Tenant>(
    `select ${tenantColumns} from registry.tenants t where t.id = $1 or t.slug = $2 for update`,
    [wanted.id, wanted.slug],
  );
  const [there] = known;
  const begun = known.length === 1 && there?.slug === wanted.slug && there.status === 'importing';
  const same =
    begun && there.model === model && there.shard === shard && (as ?? there.id === wanted.id);
  const problems = known.length > 0 && !same ? known.map(taken) : [];
  problems.push(...(await peopleProblems(client, manifest)));
  if (!same) problems.push(...(await roomProblems(client, clusters, shard)));
  if (problems.length > 0) throw refused(folder, problems);
  const tenant = there ?? (await insert(client, { ...wanted, model, shard }));
  await writeMembers(client, tenant.id, manifest.members);
  return tenant;
}

function taken({ id, slug, status, model, shard }: Tenant): string {
  return `the tenant ${slug} (${id}) is here already, ${status}, model ${model} on ${shard}: another slug (--as) makes a copy beside it`;
}

/** A person is known by the id, and by the handle: neither may mean somebody else here. */
async function peopleProblems(client: Client, { members }: Manifest): Promise<string[]> {
  const { rows } = await client.query<{ sent: string; here: string; same: boolean }>(
    `select sent.handle as sent, u.handle as here, u.id = sent.id as same
     from unnest($1::uuid[], $2::text[]) as sent (id, handle)
     join registry.users u on (u.id = sent.id) <> (u.handle = sent.handle) order by 1`,
    [members.map(({ id }) => id), members.map(({ handle }) => handle)],
  );
  return rows.map(({ sent, here, same }) =>
    same
      ? `the user ${sent} of the export is called ${here} here`
      : `the user ${sent} is somebody else here, with another id`,
  );
}

async function insert(
  client: Client,
  { id, slug, name, model, shard }: Pick<Tenant, 'id' | 'slug' | 'name' | 'model' | 'shard'>,
): Promise<Tenant> {
  const { rows } = await client.query<Tenant>(
    `insert into registry.tenants as t (id, slug, name, model, shard, status)
     values ($1, $2, $3, $4, $5, 'importing') returning ${tenantColumns}`,
    [id, slug, name, model, shard],
  );
  const [tenant] = rows;
  if (!tenant) throw new Error(`the registry did not take ${slug}`);
  return tenant;
}

async function writeMembers(
  client: Client,
  tenantId: string,
  members: Manifest['members'],
): Promise<void> {
  const ids = members.map(({ id }) => id);
  await client.query(
    `insert into registry.users (id, handle) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing`,
    [ids, members.map(({ handle }) => handle)],
  );
  await client.query('delete from registry.members where tenant_id = $1', [tenantId]);
  await client.query(
    `insert into registry.members (tenant_id, user_id, role, created_at)
     select $1, m.* from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as m`,
    [tenantId, ids, members.map(({ role }) => role), members.map(({ since }) => since)],
  );
}
