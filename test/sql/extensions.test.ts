import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMigrations } from '../../components/data/migrations';
import { extensionStatements } from '../../components/services/database/extensions';
import { settingsSchema } from '../../components/settings/schema';
import { compileTenancy } from '../../components/tenancy/compile';
import { root } from '../../engine/root';
import { auditWithin } from '../../provider/audit/audit';
import { migration } from '../../provider/database/migration';
import { table } from '../../provider/tenancy/table';
import { addTenant, platformOf, planWith } from '../tenancy/support/platform';
import { contextFor } from '../support/local';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

/** Debian's Postgres where its package of PostGIS is installed too. */
const bin = (() => {
  const all = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const major = all.find((each) =>
    existsSync(`/usr/share/postgresql/${each}/extension/postgis.control`),
  );
  return major === undefined ? undefined : `/usr/lib/postgresql/${major}/bin`;
})();
const title = bin ? '' : ' (skipped: no PostGIS; apt-get install postgresql-15-postgis-3)';

const tables = {
  'app.places': {
    owner: 'author_id',
    read: 'member',
    insert: 'self',
    update: 'owner',
    delete: 'nobody',
  },
} as const;

const places = `
create table places (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  author_id uuid default tenancy.require_user_id(),
  name ext.citext not null,
  at ext.geometry(point, 4326) not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, author_id) references registry.members on delete set null (author_id)
);
create index places_at on places using gist (tenant_id, at);
create function places_near(lon double precision, lat double precision, meters double precision) returns setof places
  language sql stable
  begin atomic
    select * from places p where ext.st_dwithin(p.at::ext.geography, ext.st_makepoint(lon, lat)::ext.geography, meters);
  end;
grant execute on function places_near to strata_tenant;
`;

describe.skipIf(bin === undefined)(`extensions on Debian's Postgres with PostGIS${title}`, () => {
  let server: Server;
  let admin: Client;
  let app: Client;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    server = await startServer({ ...(bin !== undefined && { bin }) });
    const maker = await server.connect('postgres', 'postgres');
    await maker.query('create database strata');
    admin = await server.connect('postgres', 'strata');
    const settings = settingsSchema.parse({
      database: { extensions: ['postgis', 'btree_gist', 'citext', 'pg_trgm', 'unaccent'] },
    });
    for (let time = 0; time < 2; time += 1)
      for (const statement of extensionStatements(settings)) await admin.query(statement);
    await installPlatform(server, 'strata');
    const url = server.url('strata_migrator', 'strata');
    const file = { name: '500_places', sql: places };
    await migration.create({ url, cluster: 'test', scope: 'app', ...file }, contextFor(file.name));
    for (const fence of compileTenancy({ tables }))
      await table.create({ url, cluster: 'test', schema: '1', ...fence }, contextFor('places'));
    const platform = platformOf({ main: server }, planWith());
    for (const slug of ['acme', 'globex'])
      ids[slug] = (await addTenant(server, platform, slug, { members: { [slug]: 'admin' } })).id;
    const { rows: users } = await admin.query<{ handle: string; id: string }>(
      'select handle, id from registry.users',
    );
    for (const { handle, id } of users) ids[`user ${handle}`] = id;
    for (const [slug, lon] of [
      ['acme', 10],
      ['globex', 50],
    ] as const)
      await admin.query(
        `insert into app.places (tenant_id, author_id, name, at)
         select $1, $2, 'Place ' || i, ext.st_setsrid(ext.st_makepoint($3 + i / 1000.0, 20), 4326) from generate_series(1, 200) i`,
        [ids[slug], ids[`user ${slug}`], lon],
      );
    await admin.query('analyze app.places');
    app = await server.connect('strata_app', 'strata');
  });
  afterAll(() => server.stop());

  /** As a backend does it: for one transaction, somebody of a tenant. */
  async function asAcme<Row extends object>(sql: string): Promise<Row[]> {
    await app.query('begin');
    try {
      await app.query(
        "select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.role', 'member', true)",
        [ids.acme, ids['user acme']],
      );
      return (await app.query<Row>(sql)).rows;
    } finally {
      await app.query('rollback');
    }
  }

  test('are made twice without a word, and are of use to migrations, APIs and backends', async () => {
    expect(await asAcme('select count(*)::int as count from app.places')).toEqual([{ count: 200 }]);
    expect(
      await asAcme('select count(*)::int as count from app.places_near(10.1, 20, 5000)'),
    ).toEqual([{ count: 95 }]);
    expect(
      await asAcme(
        "select ext.st_astext(ext.st_transform(at, 3857), 0) as at from app.places where name operator(ext.=) 'PLACE 1'",
      ),
    ).toEqual([{ at: expect.stringMatching(/^POINT\(111\d+ 22\d+\)$/) as string }]);
  });

  test('show nobody where the rows of others are', async () => {
    expect(await asAcme('select ext.st_extent(at)::text as box from app.places')).toEqual([
      { box: 'BOX(10.001 20,10.2 20)' },
    ]);
    for (const attack of [
      "ext.st_estimatedextent('app', 'places', 'at')",
      "ext.st_estimatedextent('app', 'places', 'at', true)",
      "ext.st_estimatedextent('places', 'at')",
      "ext._postgis_stats('app.places', 'at')",
      "ext._postgis_index_extent('app.places', 'at')",
      "ext._postgis_selectivity('app.places', 'at', ext.st_makeenvelope(49, 19, 51, 21, 4326))",
      "ext._postgis_join_selectivity('app.places', 'at', 'app.places', 'at')",
    ])
      await expect(asAcme(`select ${attack}`), attack).rejects.toThrow(
        /permission denied for func/,
      );
  });

  test('would show it, were it not for what is taken from everybody', async () => {
    await admin.query('begin');
    await admin.query(
      'grant execute on function ext.st_estimatedextent(text, text, text) to public; set local role strata_app',
    );
    const { rows } = await admin.query<{ box: string }>(
      "select ext.st_estimatedextent('app', 'places', 'at')::text as box",
    );
    await admin.query('rollback');
    expect(rows[0]?.box).toMatch(/,50\.2\d* 20\)$/);
  });

  test('do not tell of the statements of others', async () => {
    for (const attack of [
      'select * from ext.pg_stat_statements',
      'select * from ext.pg_stat_statements_info',
      'select * from ext.pg_stat_statements(true)',
      'select ext.pg_stat_statements_reset()',
    ])
      await expect(asAcme(attack), attack).rejects.toThrow(/permission denied/);
  });

  test('let nobody put something of his own beside them', async () => {
    for (const attack of [
      'create table ext.mine ()',
      'insert into ext.spatial_ref_sys (srid) values (1)',
      "select ext.dropgeometrytable('app', 'places')",
    ])
      await expect(asAcme(attack), attack).rejects.toThrow(/permission denied|must be owner/);
  });

  test('change nothing that an audit finds', async () => {
    const files = [...readMigrations(path.join(root, 'sql'), 'platform')];
    const findings = await auditWithin(admin, { tables: Object.keys(tables), shared: [], files });
    expect(findings.filter(({ id }) => !id.startsWith('ledger'))).toEqual([]);
  });
});
