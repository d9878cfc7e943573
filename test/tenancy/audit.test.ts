import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import { statements } from '../../components/tenancy/statements';
import { audit, auditWithin } from '../../provider/audit/audit';
import type { Finding } from '../../provider/audit/finding';
import { auditWorld, findingsAfter, type AuditWorld } from './support/audit-world';

let world: AuditWorld;

beforeAll(async () => {
  world = await auditWorld();
});

afterAll(() => world.server.stop());

describe('a clean platform', () => {
  test('has no findings for a superuser', async () => {
    expect(await findingsAfter(world, '')).toEqual([]);
  });

  test.each(['strata_migrator', 'strata_auditor'])('has no findings for %s', async (login) => {
    const skipped: string[] = [];
    const findings = await audit(world.server.url(login, 'strata'), {
      ...world.options,
      skipped: (what) => skipped.push(what),
    });

    expect(findings).toEqual([]);
    expect(skipped).toHaveLength(login === 'strata_migrator' ? 0 : 2);
  });

  test('is asked for its registry in the same snapshot, whatever else leads to it', async () => {
    const url = world.server.url('strata_migrator', 'strata');
    const registry = 'postgresql://strata_migrator@127.0.0.1:1/strata';
    expect(await audit(url, { ...world.options, registry })).toEqual([]);
  });

  test('nor has the database of a tenant', async () => {
    const url = world.server.url('strata_migrator', world.database);

    expect(await audit(url, world.options)).toEqual([]);
  });
});

test('rules with scopes and hidden columns have no findings either', async () => {
  const { admin, options } = world;
  const tables = {
    'app.notes': {
      owner: 'author_id',
      hidden: ['created_at'],
      read: { role: 'member', scope: 'graphql:read' },
      insert: { role: 'self', scope: 'graphql:write' },
      update: { role: 'owner', scope: 'graphql:write' },
      delete: { role: 'admin', scope: 'services:write' },
    },
  } as const;
  await admin.query('begin');
  try {
    for (const fence of compileTenancy({ tables })) {
      for (const statement of statements(fence)) await admin.query(statement);
    }
    expect(await auditWithin(admin, options)).toEqual([]);
  } finally {
    await admin.query('rollback');
  }
});

/** A table whose rows are no tenant's, in both places of this database, as the fences of a shared one are. */
function countries(): string {
  return ['app', world.schema]
    .map((schema) => {
      const role = schema === 'app' ? 'strata_tenant' : `strata_${schema}`;
      const table = `${schema}.countries`;
      return `create table ${table} (code text primary key); alter table ${table} owner to strata_owner;
        alter table ${table} enable row level security, force row level security;
        create policy tenant_read on ${table} for select to ${role} using ((select tenancy.is_tenant_member()));
        create policy maintenance on ${table} to strata_maintenance using (true) with check (true);
        grant select on ${table} to ${role}; grant select, insert, update, delete on ${table} to strata_maintenance;`;
    })
    .join('');
}

function labels(found: readonly Finding[]): string[] {
  return found.map(({ id, object }) => `${id} ${object.replace(world.schema, 't_own')}`);
}

describe('a table that is declared as nobody’s', () => {
  const withCountries = async (sql: string, shared = ['app.countries']): Promise<string[]> => {
    const { admin, options } = world;
    await admin.query('begin');
    try {
      await admin.query(countries() + sql);
      return labels(await auditWithin(admin, { ...options, shared }));
    } finally {
      await admin.query('rollback');
    }
  };

  test('needs no tenant', async () => {
    expect(await withCountries('')).toEqual([]);
  });

  test('is not to be written by requests', async () => {
    expect(await withCountries('grant insert on app.countries to strata_tenant')).toEqual([
      'unexpected-grant app.countries',
    ]);
  });

  test('is fenced all the same', async () => {
    expect(
      await withCountries(`alter table ${world.schema}.countries disable row level security`),
    ).toEqual(['rls-off t_own.countries']);
  });

  test('is a table without a tenant when it is not declared', async () => {
    expect(new Set(await withCountries('', []))).toEqual(
      new Set([
        'tenant-missing app.countries',
        'tenant-missing t_own.countries',
        'table-undeclared app.countries',
        'table-undeclared t_own.countries',
        'changes-unrecorded app.countries',
        'changes-unrecorded t_own.countries',
        'floor-missing app.countries',
        'floor-missing t_own.countries',
        'lock-missing t_own.countries',
        'predicate-open app.countries',
        'predicate-open t_own.countries',
      ]),
    );
  });
});

test('200 schemas more are looked at within ten seconds', async () => {
  const { admin, options } = world;
  await admin.query('begin');
  try {
    await admin.query(`do $$ begin for n in 1..200 loop
      execute format('create schema %I authorization strata_owner', 't_' || md5(n::text));
      execute format('create table %I.notes (like app.notes including all)', 't_' || md5(n::text));
    end loop; end $$`);
    const started = Date.now();
    const found = await auditWithin(admin, options);
    const took = Date.now() - started;
    process.stdout.write(
      `200 schemas more: ${String(took)} ms, ${String(found.length)} findings\n`,
    );
    expect(found.length).toBeGreaterThan(200);
    expect(took).toBeLessThan(10_000);
  } finally {
    await admin.query('rollback');
  }
}, 60_000);
