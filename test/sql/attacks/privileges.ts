import type { ActorName } from '../support/actors';
import type { Attack } from '../support/verdict';
import { attack, denied } from './attack';

const runtime = [
  'ann by token',
  'anonymous',
  'the bare authenticator',
  'ann in a Hasura mutation',
  'ann by backend',
  'the auditor',
] as const satisfies ActorName[];

/** What nobody but the migrator may do: become somebody, take a fence down, define something, leave no trace. */
const forbidden: Readonly<Record<string, string>> = {
  'becomes the owner': 'set role strata_owner',
  'becomes maintenance': 'set role strata_maintenance',
  'becomes the migrator': 'set role strata_migrator',
  'becomes the superuser': 'set role postgres',
  'becomes the superuser of the session': 'set session authorization postgres',
  'becomes the migrator of the session': 'set session authorization strata_migrator',
  'frees a role from policies': 'alter role strata_tenant bypassrls',
  'makes a role': 'create role intruder superuser login',
  'joins the owner': 'grant strata_owner to strata_tenant',
  'turns row level security off': 'alter table app.notes disable row level security',
  'frees the owner from policies': 'alter table app.notes no force row level security',
  'drops a floor': 'drop policy tenant_floor on app.notes',
  'adds a policy': 'create policy mine on app.notes using (true)',
  'alters a policy': 'alter policy tenant_floor on app.notes using (true)',
  'takes the table': 'alter table app.notes owner to strata_tenant',
  'drops the audit trigger': 'drop trigger strata_audit_update on app.notes',
  'disables triggers': 'alter table app.notes disable trigger all',
  'skips triggers': 'set session_replication_role = replica',
  'adds a rule': 'create rule spy as on insert to app.notes do also nothing',
  'replaces whom a session acts for':
    "create or replace function tenancy.session_claims() returns jsonb language sql as $$ select '{}'::jsonb $$",
  'makes a table': 'create table app.mine (id int)',
  'makes a table in public': 'create table public.mine (id int)',
  'makes a temporary table': 'create temp table notes (id int)',
  'makes a temporary function':
    'create function pg_temp.lower(text) returns text language sql as $$ select $1 $$',
  'makes a schema': 'create schema mine',
  'makes a view': 'create view app.mine as select 1',
  'writes the ledger': "insert into strata.migrations values ('app', 'x', 'x', now(), 'x', 1)",
  'empties the ledger': 'delete from strata.migrations',
  'writes the audit log':
    "insert into audit.log (relation, operation, keys, user_id, member_role) values ('x', 'insert', '[]', null, null)",
  'changes the audit log': "update audit.log set login = 'x'",
  'empties the audit log': 'delete from audit.log',
  'truncates the audit log': 'truncate audit.log',
  'calls the recorder': 'select audit.record()',
  'makes a member':
    'insert into registry.members (tenant_id, user_id, role) select tenant_id, user_id, role from registry.members',
  'looks into the shape of tables': "select tenancy.table_problems('app.notes')",
  'makes a part of the audit log': "select audit.add_month('2001-01-01')",
  'reads the registry': 'select * from registry.users',
  'runs a program': "copy (select 1) to program 'true'",
  'changes what is logged': "set log_statement = 'none'",
  'reads everything by membership': 'grant pg_read_all_data to current_user',
};

export const privileges: readonly Attack[] = [
  ...runtime.flatMap((as) =>
    Object.entries(forbidden).map(([name, statement]) => attack(as, name, statement, denied)),
  ),
  ...runtime.flatMap((as) => [
    attack(as, 'loads a foreign data wrapper', 'create extension dblink schema public', denied),
    attack(
      as,
      'grants what it has',
      [
        'do $$ begin grant select on app.notes to strata_anon; exception when insufficient_privilege then null; end $$',
        "select has_table_privilege('strata_anon', oid, 'select') from pg_class where relname = 'notes'",
      ].join(';'),
      { value: false },
    ),
  ]),
  ...(['anonymous', 'the bare authenticator', 'the auditor'] as const).flatMap((as) => [
    attack(as, 'reads notes', 'select count(*) from app.notes', denied),
    attack(as, 'writes notes', "update app.notes set body = 'x'", denied),
    attack(as, 'locks notes', 'lock table app.notes', denied),
  ]),
  ...(['ann by token', 'ann in a Hasura mutation', 'ann by backend'] as const).map((as) =>
    attack(
      as,
      'forges an entry of the audit log',
      ({ globex }) => [
        'create temp table forged (tenant_id uuid, id int, primary key (tenant_id, id))',
        `create trigger forge after insert on forged referencing new table as new_rows
       for each statement execute function audit.record()`,
        `insert into forged values ('${globex.id}', 1)`,
      ],
      denied,
    ),
  ),
  ...(['ann by token', 'ann in a Hasura mutation', 'ann by backend'] as const).map((as) =>
    attack(
      as,
      'puts a function of its own before those that the recorder calls',
      ({ globex }) => [
        `create function public.lower(text) returns text language plpgsql as $$ begin
           insert into audit.log (tenant_id, relation, operation, keys) values ('${globex.id}', 'x', 'delete', '[]');
           return 'delete'; end $$`,
        'set local search_path = public, pg_catalog',
        "insert into app.projects (name) values ('x')",
      ],
      denied,
    ),
  ),
  attack('the bare authenticator', 'becomes a backend', 'set role strata_app', denied),
  attack('ann in a Hasura mutation', 'becomes a tenant', 'set role strata_tenant', denied),
  attack('ann by backend', 'becomes the authenticator', 'set role strata_authenticator', denied),
  attack('the migrator', 'reads without becoming anybody', 'select * from app.notes', denied),
  attack(
    'the migrator',
    'rewrites the ledger',
    "update strata.migrations set sha256 = 'x'",
    denied,
  ),
  attack('the migrator', 'empties the ledger', 'delete from strata.migrations', denied),
  attack('the migrator', 'truncates the ledger', 'truncate strata.migrations', denied),
  attack(
    'maintenance',
    'writes the audit log',
    "insert into audit.log (relation, operation, keys, user_id, member_role) values ('x', 'insert', '[]', null, null)",
    denied,
  ),
  attack('maintenance', 'empties the audit log', 'delete from audit.log', denied),
  attack('the owner', 'reads the rows of tenants', 'select * from app.notes', 'nothing'),
  attack(
    'the owner',
    'back-fills without its policies',
    "set local row_security = off; update app.notes set body = 'x'",
    denied,
  ),
  attack('the owner', 'reads the registry', 'select * from registry.members', 'nothing'),
  attack('the owner', 'changes the audit log', "update audit.log set login = 'x'", denied),
  attack('the owner', 'empties the audit log', 'delete from audit.log', denied),
  attack('the owner', 'truncates the audit log', 'truncate audit.log', denied),
  attack(
    'the owner',
    'changes a part of the audit log',
    "update audit.log_other set login = 'x'",
    denied,
  ),
  attack('the owner', 'truncates a part of the audit log', 'truncate audit.log_other', denied),
  attack(
    'the owner',
    'empties a month of the audit log',
    `do $$ begin execute 'delete from audit.log_' || to_char(now() at time zone 'UTC', 'YYYY_MM'); end $$`,
    denied,
  ),
  attack('the owner', 'writes the ledger', 'delete from strata.migrations', denied),
];
