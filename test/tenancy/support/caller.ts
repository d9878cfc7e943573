import type { Client } from 'pg';
import { placeOf, tenantRole } from '../../../components/tenancy/places';
import type { Tenant } from '../../../provider/tenancy/tenant';
import type { Server } from '../../sql/support/server';

/** A transaction as an admin of a tenant, begun as an API would; `login` of model database is the tenant's own. */
export async function enterAs(server: Server, { id, model }: Tenant): Promise<Client> {
  const place = placeOf(id, model);
  const login = model === 'database' ? tenantRole(id) : 'strata_authenticator';
  const client = await server.connect(login, place.database);
  const registry = await server.connect('postgres', 'strata');
  const { rows } = await registry.query<{ id: string }>(
    'select user_id as id from registry.members where tenant_id = $1 limit 1',
    [id],
  );
  await registry.end();
  await client.query('begin');
  await client.query(
    `select set_config('role', $1, true), set_config('search_path', $2, true), set_config('request.jwt.claims', $3, true)`,
    [
      place.role,
      place.schema,
      JSON.stringify({
        'https://hasura.io/jwt/claims': {
          'x-hasura-tenant-id': id,
          'x-hasura-user-id': rows[0]?.id,
          'x-hasura-role': 'tenant_admin',
        },
      }),
    ],
  );
  return client;
}

/** The notes of a tenant as its admin sees them. */
export async function notesOf(server: Server, tenant: Tenant): Promise<unknown[]> {
  const client = await enterAs(server, tenant);
  try {
    return (await client.query<{ body: string }>('select body from notes')).rows;
  } finally {
    await client.end();
  }
}
