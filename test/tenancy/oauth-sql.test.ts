import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPlatform } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { rightsOf } from '../support/rights';

const active = '00000000-0000-4000-8000-000000000001';
const suspended = '00000000-0000-4000-8000-000000000002';
const ann = '00000000-0000-4000-8000-00000000000a';
const bob = '00000000-0000-4000-8000-00000000000b';
const gus = '00000000-0000-4000-8000-00000000000c';

describe('what the OAuth server may know of the registry', () => {
  let server: Server;
  let admin: Client;
  let oauth: Client;

  beforeAll(async () => {
    server = await startServer();
    const first = await server.connect('postgres', 'postgres');
    await first.query('create database strata');
    await installPlatform(server, 'strata');
    admin = await server.connect('postgres', 'strata');
    await admin.query(
      `insert into registry.tenants (id, slug, name, status) values
         ('${active}', 'acme', 'Acme', 'active'), ('${suspended}', 'globex', 'Globex', 'suspended');
       insert into registry.users (id, handle) values ('${ann}', 'ann'), ('${bob}', 'bob'), ('${gus}', 'gus');
       insert into registry.members (tenant_id, user_id, role) values
         ('${active}', '${ann}', 'admin'), ('${active}', '${bob}', 'member'), ('${suspended}', '${gus}', 'admin')`,
    );
    oauth = await server.connect('strata_oauth', 'strata');
  });

  afterAll(() => server.stop());

  test('is an active tenant by its slug', async () => {
    const { rows } = await oauth.query<object>(
      `select slug, found.id from unnest(array['acme', 'globex', 'nobody', '']) slug
       left join lateral tenancy.oauth_tenant(slug) found on true`,
    );
    expect(rows).toEqual([
      { slug: 'acme', id: active },
      { slug: 'globex', id: null },
      { slug: 'nobody', id: null },
      { slug: '', id: null },
    ]);
  });

  test('is what somebody is in an active tenant', async () => {
    const role = async (member: string, tenant: string): Promise<unknown[]> =>
      (await oauth.query<object>('select * from tenancy.oauth_role($1, $2)', [member, tenant]))
        .rows;
    expect([
      await role(ann, active),
      await role(bob, active),
      await role(gus, active),
      await role(gus, suspended),
      await role(ann, suspended),
    ]).toEqual([[{ role: 'admin' }], [{ role: 'member' }], [], [], []]);
  });

  test('comes by three functions: it may run no other, reach no table, and become nobody', async () => {
    expect(await rightsOf(admin, 'strata_oauth')).toEqual({
      functions: ['tenancy.oauth_role', 'tenancy.oauth_tenant', 'tenancy.revoke_token'],
      tables: null,
      creates: null,
      becomes: null,
      attributes: '(f,f,f,f,f,f,12)',
    });
  });

  test.each([
    'strata_app',
    'strata_authenticator',
    'strata_guard',
    'strata_hasura',
    'strata_pooler',
  ])('is nothing for %s', async (login) => {
    const client = await server.connect(login, 'strata');
    for (const question of [
      `select tenancy.oauth_tenant('acme')`,
      `select tenancy.oauth_role('${ann}', '${active}')`,
      `select tenancy.revoke_token('${ann}', now() + interval '1 day')`,
    ]) {
      await expect(client.query(question)).rejects.toThrow('permission denied');
    }
  });

  test('a token that it revokes counts no more; a second time is no error', async () => {
    const token = '00000000-0000-4000-8000-0000000000ff';
    for (let time = 0; time < 2; time += 1) {
      await oauth.query(`select tenancy.revoke_token($1, now() + interval '1 hour')`, [token]);
    }
    const guard = await server.connect('strata_guard', 'strata');
    const { rows } = await guard.query<object>(
      `select tenancy.is_revoked(array[$1::uuid], now() - interval '1 minute') as revoked`,
      [token],
    );
    expect(rows).toEqual([{ revoked: true }]);
  });

  test('is bound to the login: whoever else may run the functions sees nothing', async () => {
    await admin.query('grant execute on function tenancy.oauth_tenant(text) to strata_hasura');
    const hasura = await server.connect('strata_hasura', 'strata');
    const { rows } = await hasura.query<object>(`select * from tenancy.oauth_tenant('acme')`);
    await admin.query('revoke execute on function tenancy.oauth_tenant(text) from strata_hasura');
    expect(rows).toEqual([]);
  });
});
