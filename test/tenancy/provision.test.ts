import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantRole } from '../../components/tenancy/places';
import { asMaintenance, withClient } from '../../provider/database/connect';
import { directives } from '../../provider/database/migration-file';
import { tenant as resource, type TenantInputs } from '../../provider/database/tenant';
import { placeUrl } from '../../provider/tenancy/clusters';
import { migrationStatus } from '../../provider/tenancy/fan-out-ledger';
import { resumeTenant, suspendTenant } from '../../provider/tenancy/lifecycle';
import { mirror } from '../../provider/tenancy/mirror';
import { provision, synchronise } from '../../provider/tenancy/provision';
import { insertTenant } from '../../provider/tenancy/registry';
import { placeOfTenant, type Tenant } from '../../provider/tenancy/tenant';
import { provisionWaiting } from '../../provider/tenancy/waiting';
import { contextFor } from '../support/local';
import { wantedTenant } from '../support/tenants';
import { notesOf } from './support/caller';
import { OneCluster } from './support/one-cluster';
import { planWith } from './support/platform';

let one: OneCluster;

beforeAll(async () => {
  one = await OneCluster.start();
});

afterAll(() => one.stop());

describe('provisioning', () => {
  test.each(['schema', 'database'] as const)(
    'a suspended tenant of model %s does not open it',
    async (model) => {
      const tenant = await one.make(`shut-${model}`, model);
      const suspended = await suspendTenant(one.platform, tenant.slug);
      await provision(one.platform, suspended);
      await expect(notesOf(one.server, tenant)).rejects.toThrow(
        /relation "notes" does not exist|is not permitted to log in/,
      );
      await resumeTenant(one.platform, tenant.slug);
      expect(await notesOf(one.server, tenant)).toEqual([]);
    },
  );

  test('begins a file without a transaction anew where it was cut off, with the index that nobody uses', async () => {
    const tenant = await one.make('cut-off', 'schema');
    const { schema } = placeOfTenant(tenant);
    await one.admin.query(`create index notes_by_time on ${schema}.notes (tenant_id)`);
    await one.admin.query(
      `update pg_index set indisvalid = false where indexrelid = '${schema}.notes_by_time'::regclass`,
    );
    const sql =
      '-- strata: no transaction\ncreate index concurrently if not exists notes_by_time on notes (tenant_id, created_at)';
    const file = { scope: 'app', name: '180_by_time', sql, ...directives(sql) } as const;
    const plan = planWith({ migrations: [...one.platform.plan.migrations, file] });
    expect(await provision({ ...one.platform, plan }, tenant)).toEqual(['180_by_time']);
    const { rows } = await one.admin.query(
      `select indisvalid as valid, pg_get_indexdef(indexrelid) as definition from pg_index
       where indexrelid = '${schema}.notes_by_time'::regclass`,
    );
    expect(rows).toEqual([
      {
        valid: true,
        definition: `CREATE INDEX notes_by_time ON ${schema}.notes USING btree (tenant_id, created_at)`,
      },
    ]);
  });
});

test.each(['schema', 'database'] as const)(
  'a tenant of the config that gets its place, model %s, is behind in nothing',
  async (model) => {
    const slug = `waits-${model}`;
    const members = [{ user: 'ann', role: 'admin' }] as const;
    const wanted = { slug, name: slug, model, shard: 'main', members };
    await insertTenant(one.platform.clusters, wanted);
    expect(await provisionWaiting(one.platform, [slug], () => undefined)).toEqual([]);
    const all = await migrationStatus(one.platform);
    expect(all.filter((status) => status.slug === slug)).toEqual([
      {
        slug,
        model,
        shard: 'main',
        status: 'active',
        version: one.platform.plan.version,
        behind: [],
      },
    ]);
  },
);

describe('the copy of a tenant in its own database', () => {
  test('is brought to what the registry says while somebody writes there', async () => {
    const tenant = await one.make('written', 'database');
    const url = placeUrl(one.platform.clusters, placeOfTenant(tenant));
    await withClient(url, async (writer) => {
      // As a foreign key does it for whoever writes.
      await writer.query('begin; set local role strata_maintenance');
      await writer.query('select from registry.tenants for key share');
      await writer.query('select from registry.users for key share');
      await one.admin.query("update registry.tenants set name = 'Renamed' where id = $1", [
        tenant.id,
      ]);
      await synchronise(one.platform.clusters, tenant);
      await writer.query('rollback');
    });
    expect(await copyOf(tenant, url)).toEqual({
      name: 'Renamed',
      model: 'shared',
      status: 'active',
    });
  });
});

test('a copy of a tenant says what model it is of, which migrations of rows go by', async () => {
  const tenant = await one.make('modelled', 'database');
  const url = placeUrl(one.platform.clusters, placeOfTenant(tenant));
  for (const model of ['schema', 'shared'] as const) {
    await mirror(url, { ...tenant, model }, () => Promise.resolve({ ...tenant, people: [] }));
    expect(await copyOf(tenant, url)).toEqual({ name: 'modelled', model, status: 'active' });
  }
});

describe('limits of the configuration', () => {
  test('reach the login of a tenant that is there, and open none that is suspended', async () => {
    const tenant = await one.make('limited', 'database');
    const wanted = (statementTimeoutMs: number | null, maxConnections: number | null) =>
      inputs(tenant, { statementTimeoutMs, maxConnections, storageBytes: null });
    const { id, state } = await resource.create(wanted(700, 3), contextFor('limited'));
    expect(await loginOf(tenant)).toEqual({ open: true, connections: 3, timeout: '700' });
    const next = await resource.update?.(id, state, wanted(800, null), contextFor('limited'));
    if (!next) throw new Error('not updated');
    expect(await loginOf(tenant)).toEqual({ open: true, connections: -1, timeout: '800' });
    await suspendTenant(one.platform, tenant.slug);
    await resource.update?.(id, next, wanted(900, 5), contextFor('limited'));
    expect(await loginOf(tenant)).toEqual({ open: false, connections: 5, timeout: '900' });
  });
});

async function copyOf({ id }: Tenant, url: string): Promise<unknown> {
  const { rows } = await asMaintenance(url, (client) =>
    client.query('select name, model, status from registry.tenants where id = $1', [id]),
  );
  return rows[0];
}

function inputs({ slug }: Tenant, limits: TenantInputs['limits']): TenantInputs {
  const { clusters, master } = one.platform;
  return {
    url: clusters.get('main') ?? '',
    cluster: 'test',
    clusters: Object.fromEntries(clusters),
    master,
    ...wantedTenant(slug, { ann: 'admin' }, { model: 'database', limits }),
  };
}

async function loginOf({ id }: Tenant): Promise<unknown> {
  const { rows } = await one.admin.query(
    `select rolcanlogin as open, rolconnlimit as connections,
       (select split_part(c, '=', 2) from unnest(rolconfig) c where c like 'statement_timeout=%') as timeout
     from pg_roles where rolname = $1`,
    [tenantRole(id)],
  );
  return rows[0];
}
