import fc from 'fast-check';
import { projectTitle, role, row, table, tenant, user } from './heard';
import { victims } from './names';
import type { Statement } from './statements';

/**
 * Everything else that a session may say: what keeps something from one statement to the next, functions of the
 * platform, the catalogue.
 */
export const tools: fc.Arbitrary<Statement> = fc
  .oneof(
    { weight: 4, arbitrary: keeping() },
    { weight: 3, arbitrary: functions() },
    { weight: 3, arbitrary: catalogue() },
    { weight: 2, arbitrary: defining() },
    { weight: 1, arbitrary: largeObjects() },
  )
  .map((text) => ({ text }));

/** Prepared statements, cursors, savepoints and temporary tables with the names of ours. */
function keeping(): fc.Arbitrary<string> {
  const name = fc.constantFrom('p', 'q');
  return fc.oneof(
    fc
      .tuple(name, table('notes'))
      .map(([p, n]) => `prepare ${p} as select count(*), max(body) from ${n}`),
    fc
      .tuple(name, table('notes'))
      .map(
        ([p, n]) =>
          `prepare ${p} as select body from ${n} where tenant_id = tenancy.current_tenant_id()`,
      ),
    fc
      .tuple(name, table('projects'))
      .map(([p, t]) => `prepare ${p} as insert into ${t} (name) values ('Prepared')`),
    name.map((p) => `execute ${p}`),
    name.map((p) => `deallocate ${p}`),
    fc
      .tuple(name, table('notes'))
      .map(
        ([c, n]) => `declare ${c} scroll cursor with hold for select body from ${n} order by id`,
      ),
    fc
      .tuple(name, table('notes'))
      .map(([c, n]) => `declare ${c} cursor for select body from ${n} order by id`),
    name.map((c) => `fetch all from ${c}`),
    name.map((c) => `move backward all in ${c}`),
    name.map((s) => `savepoint ${s}`),
    name.map((s) => `rollback to ${s}`),
    name.map((s) => `release ${s}`),
    fc.constantFrom(
      'create temp table notes (tenant_id uuid, id uuid, project_id uuid, author_id uuid, body text)',
      'create temp view careless_notes as select * from notes',
      'create temp table kept as select * from notes',
      'select count(*) from pg_temp.notes',
      'select name, statement from pg_prepared_statements',
      'select name, statement from pg_cursors',
      'set constraints all immediate',
    ),
  );
}

function functions(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      'select tenancy.current_tenant_id(), tenancy.current_user_id(), tenancy.current_member_role()',
      'select tenancy.session_claims(), tenancy.has_claims(), tenancy.is_tenant_admin()',
      'select tenancy.require_tenant_id()',
      'select tenancy.require_user_id()',
      "select tenancy.refuse_without('sense')",
      'select id, name, use_count from tenancy.api_keys()',
      'select storage.active_tenant_slug()',
      'select audit.forget(tenancy.current_tenant_id())',
      'select tenancy.pooled_tenants()',
      'select outbox.status()',
      'select tenancy.sign_up_state(gen_random_uuid())',
      "select current_setting('request.jwt.claims', true), current_setting('app.tenant_id', true)",
      'select current_user, session_user, current_schemas(true)',
    ),
    tenant.map((t) => `select * from tenancy.place('${t}')`),
    tenant.map((t) => `select tenancy.hold_key('${t}')`),
    tenant.map((t) => `select strata.make_tenant_role('${t}', null)`),
    tenant.map((t) => `select strata.end_tenant_sessions('${t}')`),
    user.map((u) => `select tenancy.revoke_api_key('${u}')`),
    tenant.map((t) => `select * from tenancy.find_tenant('${t}')`),
    fc
      .constantFrom(...Object.values(victims))
      .map(({ slug }) => `select tenancy.sign_up('${slug}', 'x', 'y') is null`),
    table('notes').map((n) => `select tenancy.table_problems('${n}')`),
    table('notes').map(
      (n) => `select row_security_active('${n}'), has_table_privilege('${n}', 'select')`,
    ),
    table('notes').map((n) => `select pg_relation_size('${n}')`),
    table('notes').map((n) => `select table_to_xml('${n}', true, false, '') is null`),
    table('notes').map(
      (n) => `select query_to_xml('select body from ${n} order by id', true, false, '')::text`,
    ),
    fc
      .tuple(table('notes'), row('notes'))
      .map(
        ([n, id]) =>
          `select ts_stat from ts_stat('select to_tsvector(body) from ${n} where id = ''${id}''')`,
      ),
    role.map((r) => `select pg_has_role('${r}', 'member')`),
  );
}

/** Without counts and sizes: `reltuples`, `relpages` and what else is in CONVENTIONS.md. */
function catalogue(): fc.Arbitrary<string> {
  return fc.constantFrom(
    'select oid, relname, relkind, relacl::text from pg_class where relnamespace > 16000',
    'select rolname, rolcanlogin, rolsuper, rolconfig from pg_roles',
    'select roleid::regrole, member::regrole from pg_auth_members',
    'select datname, datacl::text, datallowconn from pg_database',
    'select nspname, nspacl::text from pg_namespace',
    'select polname, pg_get_expr(polqual, polrelid) from pg_policy',
    'select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace > 16000',
    'select indexrelid::regclass, pg_get_indexdef(indexrelid) from pg_index where indrelid > 16000',
    "select * from pg_stats where schemaname !~ '^(pg_|information)'",
    'select * from pg_statistic',
    'select * from pg_stat_user_tables',
    'select last_value from tenancy.last_switch',
    'select sequencename, last_value from pg_sequences',
    'select description from pg_description where objoid > 16000',
    'select description from pg_shdescription',
    'select table_schema, table_name from information_schema.tables',
    'select table_name, column_name, column_default from information_schema.columns',
    'select grantee, table_name, privilege_type from information_schema.role_table_grants',
    "select routine_name, routine_definition from information_schema.routines where routine_schema !~ '^pg_'",
    'select view_definition from information_schema.views',
    'select * from pg_user_mappings',
    'select * from pg_publication_tables',
    'select * from pg_largeobject',
    'select rolpassword from pg_authid',
    'select * from registry.tenants',
    'select * from registry.members',
    'select * from registry.api_keys',
    'select * from registry.tenant_jobs',
    'select * from audit.log',
    'select * from outbox.events',
    'select * from storage.tenant_usage',
    'select * from strata.migrations',
  );
}

/** None of it is granted; that it is refused must not depend on B's rows either. */
function defining(): fc.Arbitrary<string> {
  return fc.oneof(
    table('notes').map((n) => `alter table ${n} disable row level security`),
    table('notes').map((n) => `create policy mine on ${n} using (true)`),
    table('notes').map((n) => `create unique index mine on ${n} (body)`),
    table('projects').map((p) => `alter table ${p} add constraint mine unique (name)`),
    table('notes').map((n) => `create table mine (note uuid references ${n} (id))`),
    table('notes').map((n) => `create view mine as select * from ${n}`),
    table('notes').map(
      (n) =>
        `create trigger mine after insert on ${n} for each row execute function tenancy.hold()`,
    ),
    table('notes').map((n) => `grant select on ${n} to public`),
    table('notes').map((n) => `analyze ${n}`),
    table('notes').map((n) => `copy ${n} to '/tmp/mine'`),
    table('notes').map((n) => `copy ${n} to program 'cat'`),
    fc
      .tuple(table('projects'), projectTitle)
      .map(([p, name]) => `comment on table ${p} is '${name}'`),
    fc.constantFrom(
      'create function mine() returns int language sql security definer return 1',
      'create function pg_temp.current_tenant_id() returns uuid language sql return null',
      'create operator pg_temp.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)',
      'create schema mine',
      'create extension dblink',
      "alter role current_user set search_path = 'registry'",
      'alter system set row_security = off',
      "load 'plpgsql'",
    ),
    role.map((r) => `grant ${r} to current_user`),
    role.map((r) => `reassign owned by ${r} to current_user`),
  );
}

function largeObjects(): fc.Arbitrary<string> {
  return fc.constantFrom(
    'select lo_create(4711)',
    "select lo_from_bytea(4712, 'mine')",
    'select lo_get(4711)',
    "select lo_export(4711, '/tmp/mine')",
    "select lo_import('/etc/passwd')",
    'select lo_unlink(4711)',
    'select loid from pg_largeobject',
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('.')",
  );
}
