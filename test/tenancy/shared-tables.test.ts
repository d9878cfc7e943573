import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimsFor } from '../../components/services/images/shared/claims';
import type { Tenant } from '../../provider/tenancy/tenant';
import { startServer, type Server } from '../sql/support/server';
import { restTransaction } from '../support/postgrest-stand-in';
import { addTenant, deployCluster, planWith, platformOf } from './support/platform';

/**
 * Why the guard keeps tenants with tables of their own away from services that know the shared tables alone: the
 * database lets them in there, as it lets in every tenant of its registry.
 */
let server: Server;
let admin: Client;
let tenant: Tenant;
let userId: string;

beforeAll(async () => {
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  admin = await server.connect('postgres', 'strata');
  tenant = await addTenant(server, platformOf({ main: server }, plan), 'initech', {
    model: 'schema',
    members: { ann: 'admin' },
  });
  const { rows } = await admin.query<{ id: string }>('select id from registry.users');
  userId = rows[0]?.id ?? '';
});

afterAll(() => server.stop());

test('a stand-in of PostgREST shows such a tenant nothing, and would write where it never looks', async () => {
  const rest = await server.connect('strata_authenticator', 'strata');
  const claims = claimsFor({ tenantId: tenant.id, userId, role: 'admin' });
  const own = `t_${tenant.id.replaceAll('-', '')}`;
  await admin.query(`insert into ${own}.projects (tenant_id, name) values ($1, 'mine')`, [
    tenant.id,
  ]);
  const names = 'select name from projects';
  expect(await restTransaction(rest, { method: 'GET', claims }, names)).toEqual([]);
  await restTransaction(
    rest,
    { method: 'POST', claims },
    "insert into projects (name) values ('lost')",
  );
  const { rows } = await admin.query(
    `select 'shared' as place, name from app.projects union all select 'own', name from ${own}.projects order by 1`,
  );
  expect(rows).toEqual([
    { place: 'own', name: 'mine' },
    { place: 'shared', name: 'lost' },
  ]);
});
