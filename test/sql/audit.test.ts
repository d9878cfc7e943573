import { afterAll, beforeAll, expect, test } from 'vitest';
import { actor, type ActorName } from './support/actors';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type World } from './support/world';

let server: Server;
let world: World;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'audit');
  world = await readWorld(await server.connect('postgres', 'audit'));
});

afterAll(() => server.stop());

/** What one transaction of somebody leaves in the audit log, as the auditor sees it. */
async function recorded(
  as: ActorName,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const client = await server.connect(actor(as).login, 'audit');
  const {
    rows: [row],
  } = await client
    .query<{ id: string }>(`begin; ${actor(as).setUp(world).join(';')}; select 1`)
    .then(() => client.query<{ id: string }>('select pg_current_xact_id()::text as id'));
  for (const statement of statements) await client.query(statement);
  await client.query('commit');
  const auditor = await server.connect('strata_auditor', 'audit');
  const { rows } = await auditor.query<Record<string, unknown>>(
    `select login, tenant_id, user_id, member_role, relation, operation, keys from audit.log
     where transaction_id = $1::xid8 order by relation, operation, tenant_id`,
    [row?.id],
  );
  return rows;
}

test('an insert leaves its keys and who made it', async () => {
  const id = '00000000-0000-4000-8000-00000000000a';
  const sql = `insert into app.notes (id, project_id, body) values ('${id}', '${world.acme.project}', 'secret')`;
  expect(await recorded('bob by token', sql)).toEqual([
    {
      login: 'strata_authenticator',
      tenant_id: world.acme.id,
      user_id: world.bob.id,
      member_role: 'member',
      relation: 'app.notes',
      operation: 'insert',
      keys: [{ id }],
    },
  ]);
});

test('an update leaves the keys before and after', async () => {
  const id = '00000000-0000-4000-8000-00000000000b';
  const rows = await recorded(
    'ann by backend',
    `update app.notes set id = '${id}' where id = '${world.ann.note}'`,
  );
  expect(rows).toMatchObject([{ operation: 'update', login: 'strata_app', member_role: 'admin' }]);
  expect(rows[0]?.keys).toEqual(expect.arrayContaining([{ id }, { id: world.ann.note }]));
});

test('a deletion leaves its keys, and those of the rows that go with it', async () => {
  const rows = await recorded(
    'gus in a Hasura mutation',
    `delete from app.projects where id = '${world.globex.project}'`,
  );
  expect(rows).toMatchObject([
    { relation: 'app.notes', operation: 'delete', login: 'strata_hasura' },
    { relation: 'app.projects', operation: 'delete', keys: [{ id: world.globex.project }] },
  ]);
  expect(rows[0]?.keys).toHaveLength(2);
});

test.each([
  [
    'of several columns',
    'tenant_id, "Kind of", at',
    { 'Kind of': 'a"b', at: '2026-01-02T03:04:05+00:00' },
  ],
  ['of the tenant alone', 'tenant_id', {}],
  ['of an id besides another column', 'tenant_id, id, "Kind of"', { id: 7, 'Kind of': 'a"b' }],
  ['of an id alone', 'tenant_id, id', { id: 7 }],
])('keys %s are recorded by insert, update and delete', async (_what, columns, key) => {
  const admin = await server.connect('postgres', 'audit');
  const on = (command: string, rows: string) =>
    `create trigger ${command} after ${command} on app.keyed referencing ${rows} for each statement execute function audit.record()`;
  await admin.query(`
    create table app.keyed (tenant_id uuid, "Kind of" text, at timestamptz, id int, body text, primary key (${columns}));
    ${on('insert', 'new table as new_rows')};
    ${on('update', 'old table as old_rows new table as new_rows')};
    ${on('delete', 'old table as old_rows')}`);
  await admin.query(
    `insert into app.keyed values ($1, 'a"b', '2026-01-02 03:04:05+00', 7, 'secret')`,
    [world.acme.id],
  );
  await admin.query(`update app.keyed set body = 'more'`);
  await admin.query('delete from app.keyed');
  const { rows } = await admin.query(
    `select tenant_id, operation, keys from audit.log where relation = 'app.keyed' order by at, operation = 'delete', operation`,
  );
  await admin.query(`drop table app.keyed`);
  expect(rows.slice(-3)).toEqual(
    ['insert', 'update', 'delete'].map((operation) => ({
      tenant_id: world.acme.id,
      operation,
      keys: [key],
    })),
  );
});

test('a key that is renamed or replaced is recorded as it is now', async () => {
  const admin = await server.connect('postgres', 'audit');
  await admin.query(`
    create table app.renamed (tenant_id uuid, id int, other int, primary key (tenant_id, id));
    create trigger a after insert on app.renamed referencing new table as new_rows
      for each statement execute function audit.record()`);
  const insert = `insert into app.renamed values ('${world.acme.id}', $1, $1)`;
  await admin.query(insert, [1]);
  await admin.query('alter table app.renamed rename id to number');
  await admin.query(insert, [2]);
  await admin.query(
    'alter table app.renamed drop constraint renamed_pkey, add primary key (tenant_id, other)',
  );
  await admin.query(insert, [3]);
  const { rows } = await admin.query(
    `select keys from audit.log where relation = 'app.renamed' order by at`,
  );
  await admin.query('drop table app.renamed');
  expect(rows).toEqual([
    { keys: [{ id: 1 }] },
    { keys: [{ number: 2 }] },
    { keys: [{ other: 3 }] },
  ]);
});

test('a statement that changes nothing leaves nothing', async () => {
  expect(await recorded('ann by token', 'delete from app.notes where false')).toEqual([]);
});

test('maintenance leaves one row for each tenant, and acts for nobody', async () => {
  const rows = await recorded('maintenance', "update app.drafts set title = 'x ' || author_id");
  expect(rows.map((row) => row.tenant_id).sort()).toEqual([world.acme.id, world.globex.id].sort());
  expect(rows).toMatchObject([{ login: 'strata_migrator', user_id: null }, { user_id: null }]);
});

test('a truncation by maintenance is recorded', async () => {
  expect(await recorded('maintenance', 'truncate app.drafts')).toMatchObject([
    { tenant_id: null, relation: 'app.drafts', operation: 'truncate', keys: [] },
  ]);
});

test('a member who leaves keeps nothing and leaves the notes', async () => {
  const rows = await recorded(
    'maintenance',
    `delete from registry.members where user_id = '${world.bob.id}'`,
  );
  expect(rows).toMatchObject([{ relation: 'app.notes', operation: 'update' }]);
  const admin = await server.connect('postgres', 'audit');
  const { rows: notes } = await admin.query(
    'select from app.notes where tenant_id = $1 and author_id is null',
    [world.acme.id],
  );
  expect(notes.length).toBeGreaterThan(0);
});

test('entries of each month stand in a partition of their own, for two years to come', async () => {
  const admin = await server.connect('postgres', 'audit');
  const { rows } = await admin.query<{ part: string }>(
    'select distinct tableoid::regclass::text as part from audit.log',
  );
  expect(rows).toEqual([{ part: expect.stringMatching(/^audit\.log_\d{4}_\d{2}$/) as string }]);
  const parts = await admin.query(
    "select from pg_inherits where inhparent = 'audit.log'::regclass",
  );
  expect(parts.rowCount).toBe(26);
});
