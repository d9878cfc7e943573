import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseFigures } from '../../components/services/monitoring/database-figures';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';

let server: Server;
let admin: Client;
let monitor: Client;
let maintenance: Client;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'figures');
  admin = await server.connect('postgres', 'figures');
  monitor = await server.connect('strata_monitor', 'figures');
  maintenance = await server.connect('strata_migrator', 'figures');
  await maintenance.query('set role strata_maintenance');
});

afterAll(() => server.stop());

async function figures(name: 'registry.figures' | 'audit.gaps'): Promise<Record<string, number>> {
  const { rows } = await monitor.query<Record<string, string>>(`select * from ${name}()`);
  return Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([key, value]) => [key, Number(value)]),
  );
}

test('every query answers, as strata_monitor, with the columns that it is declared to have', async () => {
  for (const { query, metrics } of Object.values(databaseFigures)) {
    const { fields } = await monitor.query(query);
    expect(fields.map(({ name }) => name)).toEqual(
      metrics.flatMap((column) => Object.keys(column)),
    );
  }
});

test('a deployment as it should be has no gaps', async () => {
  expect(await figures('audit.gaps')).toEqual({
    unwatched_tables: 0,
    changeable_partitions: 0,
    misplaced_rows: 0,
    months_ahead: 24,
  });
});

test.each([
  [
    'a trigger that is off',
    'alter table app.notes disable trigger strata_audit_update',
    'unwatched_tables',
  ],
  ['a trigger that is gone', 'drop trigger strata_audit_delete on app.notes', 'unwatched_tables'],
  [
    'a table that tenants may change and nobody records',
    'create table app.hidden (a int); grant insert (a) on app.hidden to strata_hasura',
    'unwatched_tables',
  ],
  [
    'a log that can be changed',
    'alter table audit.log_other disable trigger append_only',
    'changeable_partitions',
  ],
  [
    'a row that no month took',
    `insert into audit.log (at, relation, operation, keys) values ('2001-01-01', 'a', 'insert', '[]')`,
    'misplaced_rows',
  ],
])('%s is a gap', async (_name, statement, figure) => {
  await admin.query('begin');
  await admin.query(statement);
  const { rows } = await admin.query<Record<string, string>>('select * from audit.gaps()');
  await admin.query('rollback');
  expect(rows[0]).toMatchObject({ [figure]: '1' });
});

test('a new admin is counted, made or promoted, and a new member is not', async () => {
  const before = await figures('registry.figures');
  const user = async (handle: string) => {
    const { rows } = await maintenance.query<{ id: string }>(
      'insert into registry.users (handle) values ($1) returning id',
      [handle],
    );
    return rows[0]?.id;
  };
  const join = (handle: string, role: string) =>
    user(handle).then((id) =>
      maintenance.query(
        `insert into registry.members (tenant_id, user_id, role)
         select id, $1, $2 from registry.tenants where slug = 'acme'`,
        [id, role],
      ),
    );
  await join('new-member', 'member');
  expect(await figures('registry.figures')).toEqual(before);
  await join('new-admin', 'admin');
  const promote = `update registry.members set role = 'admin'
    where user_id = (select id from registry.users where handle = 'new-member')`;
  await maintenance.query(promote);
  // Written again as it was, as every deployment does.
  await maintenance.query(promote);
  expect(await figures('registry.figures')).toEqual({
    ...before,
    admins_made_total: (before.admins_made_total ?? 0) + 2,
  });
});

test.each([
  'select * from registry.members',
  'select * from registry.tenants',
  'select slug from registry.tenants',
  'select * from audit.log',
  'select * from app.notes',
  'select * from registry.admins_made',
  `select nextval('registry.admins_made')`,
  `select setval('registry.admins_made', 0)`,
  'select registry.count_admin()',
  'insert into registry.users (handle) values (1)',
  'create table registry.mine (a int)',
  'set role strata_owner',
  'set role strata_maintenance',
  'set role strata_tenant',
])('monitoring is refused: %s', async (statement) => {
  await expect(monitor.query(statement)).rejects.toMatchObject({
    code: expect.stringMatching(/^(42501|0A000)$/) as string,
  });
});

test.each(['strata_app', 'strata_hasura', 'strata_authenticator', 'strata_guard'])(
  '%s may not ask for the figures',
  async (login) => {
    const client = await server.connect(login, 'figures');
    for (const name of ['registry.figures', 'audit.gaps']) {
      await expect(client.query(`select * from ${name}()`)).rejects.toMatchObject({
        code: '42501',
      });
    }
  },
);
