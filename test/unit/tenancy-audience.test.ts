import { describe, expect, test } from 'vitest';
import example from '../../app/tenancy';
import { prefixes } from '../../components/tenancy/prefixes';
import { compileTenancy } from '../../components/tenancy/compile';
import { statements } from '../../components/tenancy/statements';

const tenantId = '0a000000-0000-4000-8000-000000000001';
const own = { schema: 't_0a', role: 'strata_t_0a', tenantId, hasura: false };

describe('a declaration compiled for one tenant', () => {
  const shared = compileTenancy(example);
  const fences = compileTenancy(example, own);

  test('is the same but for the schema, the role, the lock, and Hasura', () => {
    const lock = `("tenant_id" = '${tenantId}'::uuid)`;
    expect(fences).toEqual(
      shared.map(({ table, policies, grants, triggers }) => ({
        table: table.replace('app.', 't_0a.'),
        policies: {
          ...Object.fromEntries(
            Object.entries(policies)
              .filter(([name]) => !name.startsWith('hasura_'))
              .map(([name, tail]) => [name, tail.replaceAll('strata_tenant', 'strata_t_0a')]),
          ),
          tenant_lock: `as restrictive for all to strata_t_0a using ${lock} with check ${lock}`,
        },
        grants: {
          strata_t_0a: grants.strata_tenant,
          strata_maintenance: grants.strata_maintenance,
        },
        triggers,
      })),
    );
  });

  test('has no lock where a database of its own keeps the tenant apart', () => {
    const [fence] = compileTenancy(example, {
      schema: 'app',
      role: 'strata_tenant',
      hasura: false,
    });
    expect(Object.keys(fence?.policies ?? {}).sort()).toEqual([
      'maintenance',
      'tenant_delete',
      'tenant_floor',
      'tenant_insert',
      'tenant_read',
      'tenant_update',
    ]);
  });

  test.each([
    ['schema', { ...own, schema: 'app"; drop schema app' }],
    ['role', { ...own, role: 'strata_tenant, public' }],
    ['tenant', { ...own, tenantId: `${tenantId}' or true --` }],
    ['tenant in capitals', { ...own, tenantId: tenantId.toUpperCase() }],
  ])('is refused for a bad %s', (_what, audience) => {
    expect(() => compileTenancy(example, audience)).toThrow(/not written into SQL|no tenant's id/);
  });
});

describe('a table without tenants', () => {
  const shared = { 'app.countries': 'member', 'app.chores': 'nobody' } as const;
  const maintenance = 'for all to strata_maintenance using (true) with check (true)';
  const everything = ['select', 'insert', 'update', 'delete'];

  test('is read by members of every tenant, or by nobody, and written by maintenance', () => {
    expect(compileTenancy({ tables: {}, shared })).toEqual([
      {
        table: 'app.chores',
        shared: true,
        policies: { maintenance },
        grants: { strata_maintenance: everything },
        triggers: {},
      },
      {
        table: 'app.countries',
        shared: true,
        policies: {
          maintenance,
          tenant_read: 'for select to strata_tenant using ((select tenancy.is_tenant_member()))',
          hasura_read:
            'for select to strata_hasura using (not (select tenancy.has_claims()) or (select tenancy.is_tenant_member()))',
        },
        grants: {
          strata_tenant: ['select'],
          strata_hasura: ['select'],
          strata_maintenance: everything,
        },
        triggers: {},
      },
    ]);
  });
});

describe('hidden columns', () => {
  const rules = {
    hidden: ['score', 'mark'],
    read: 'member',
    insert: 'member',
    update: 'nobody',
    delete: 'nobody',
  } as const;

  test('are left out of what tenants read and write, in any order, and not of what Hasura returns to itself', () => {
    const [fence] = compileTenancy({ tables: { 'app.notes': rules } });
    expect(fence?.grants).toEqual({
      strata_tenant: ['select except ("mark", "score")', 'insert except ("mark", "score")'],
      strata_hasura: ['select', 'insert except ("mark", "score")'],
      strata_maintenance: ['select', 'insert', 'update', 'delete'],
    });
  });

  test('are written where they are named', () => {
    const [fence] = compileTenancy({ tables: { 'app.notes': { ...rules, columns: ['mark'] } } });
    expect(fence?.grants.strata_tenant).toEqual([
      'select except ("mark", "score")',
      'insert ("mark")',
    ]);
  });

  test('become a grant of all the others', () => {
    const [fence] = compileTenancy({ tables: { 'app.notes': rules } });
    const granted = (fence ? statements(fence) : []).filter((statement) =>
      statement.includes("array['mark', 'score']"),
    );
    expect(granted).toHaveLength(3);
    expect(granted.join()).toMatch(/grant select \(.* to "strata_tenant"/);
    expect(granted.join()).not.toMatch(/grant select \(.* to "strata_hasura"/);
  });
});

describe('a scope', () => {
  test('is asked of API keys only, with whoever may', () => {
    const [fence] = compileTenancy({
      tables: {
        'app.notes': {
          read: { role: 'member', scope: 'graphql:read' },
          insert: 'nobody',
          update: 'nobody',
          delete: 'nobody',
        },
      },
    });
    expect(fence?.policies.tenant_read).toBe(
      'for select to strata_tenant using ("tenant_id" = (select tenancy.member_tenant_id())' +
        " and (select not tenancy.session_claims() ? 'x-hasura-scopes' or" +
        " string_to_array(tenancy.session_claims() ->> 'x-hasura-scopes', ' ') && array['graphql:read', 'graphql:*']))",
    );
  });
});

describe('prefixes', () => {
  test("name a tenant's things outside the database", () => {
    expect(prefixes(tenantId)).toEqual({
      bucket: `tenant-${tenantId}`,
      objects: `${tenantId}/`,
      redis: [
        `guard:tenant:${tenantId}`,
        `guard:tenant-burst:${tenantId}`,
        `guard:cost:${tenantId}`,
        `guard:sockets:${tenantId}`,
        `guard:user:${tenantId}:`,
        `guard:user-burst:${tenantId}:`,
        `guard:user-sockets:${tenantId}:`,
        `realtime:sockets:${tenantId}`,
        `realtime:user-sockets:${tenantId}:`,
        `realtime:presence:${tenantId}:`,
        `realtime:leases:${tenantId}:`,
        `app:${tenantId}:`,
      ],
      application: `app:${tenantId}:`,
    });
  });

  test.each(['', '*', tenantId.slice(1), `${tenantId}*`, tenantId.toUpperCase()])(
    'are refused for %j: they would be those of others',
    (bad) => {
      expect(() => prefixes(bad)).toThrow("is no tenant's id");
    },
  );
});
