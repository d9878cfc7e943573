import type { Topic } from './attacks';

/** A fence that is taken down, and who must notice. */
export interface Mutant {
  readonly name: string;
  /** Run by a superuser in a copy of the database. */
  readonly sql: string;
  /** Whose attacks; `catalogue` where another fence stands behind this one: then every attack must still fail. */
  readonly noticedBy: Topic | 'catalogue';
}

const isMember = '((select tenancy.is_tenant_member()))';
const P = '(tenant_id = (select tenancy.current_tenant_id()))';
const floors =
  'drop policy tenant_floor on app.notes; drop policy tenant_floor on app.projects; drop policy tenant_floor on app.drafts;';
const hasuraFloors = `drop policy hasura_floor_read on app.notes; drop policy hasura_floor_insert on app.notes;
  drop policy hasura_floor_update on app.notes; drop policy hasura_floor_delete on app.notes;`;

/** The function of the session's claims, with other sources for each login. */
function claimsFrom(authenticator: string, hasura: string, app: string): string {
  return `create or replace function tenancy.session_claims() returns jsonb language sql stable return case session_user
    when 'strata_authenticator' then ${authenticator} when 'strata_hasura' then ${hasura} when 'strata_app' then ${app} end`;
}

const payload = "nullif(current_setting('request.jwt.claims', true), '')::jsonb";
const token = `(${payload} -> 'https://hasura.io/jwt/claims')`;
const mutation = "nullif(current_setting('hasura.user', true), '')::jsonb";
const backend = `nullif(jsonb_strip_nulls(jsonb_build_object('x-hasura-tenant-id', nullif(current_setting('app.tenant_id', true), ''),
  'x-hasura-user-id', nullif(current_setting('app.user_id', true), ''), 'x-hasura-role', 'tenant_' || nullif(current_setting('app.role', true), ''),
  'x-hasura-scopes', nullif(current_setting('app.scopes', true), ''))), '{}')`;

function attacked(noticedBy: Topic, name: string, sql: string): Mutant {
  return { name, sql, noticedBy };
}

function backed(name: string, sql: string): Mutant {
  return { name, sql, noticedBy: 'catalogue' };
}

export const mutants: readonly Mutant[] = [
  attacked('reading', 'ENABLE', 'alter table app.notes disable row level security'),
  attacked('reading', 'ENABLE of projects', 'alter table app.projects disable row level security'),
  attacked('reading', 'ENABLE of drafts', 'alter table app.drafts disable row level security'),
  attacked('reading', 'FORCE', 'alter table app.notes no force row level security'),
  attacked(
    'privileges',
    'FORCE of the registry',
    'alter table registry.members no force row level security',
  ),

  backed('the floor under tenants', 'drop policy tenant_floor on app.notes'),
  backed('the floor under Hasura when it adds', 'drop policy hasura_floor_insert on app.notes'),
  backed('the floor under Hasura when it changes', 'drop policy hasura_floor_update on app.notes'),
  backed('the floor under Hasura when it deletes', 'drop policy hasura_floor_delete on app.notes'),
  backed('the floor under Hasura when it reads', 'drop policy hasura_floor_read on app.notes'),
  backed(
    'a careless policy above the floor',
    'create policy careless on app.notes for select to strata_tenant using (true)',
  ),
  attacked(
    'reading',
    'the floor, with a careless policy above it',
    `${floors} create policy careless on app.notes for select to strata_tenant using (true)`,
  ),
  attacked(
    'reading',
    'the tenant of reading',
    `${floors} alter policy tenant_read on app.notes using ${isMember}`,
  ),
  attacked(
    'writing',
    'the tenant of changing',
    `${floors} alter policy tenant_update on app.notes using ${isMember} with check ${isMember}`,
  ),
  attacked(
    'writing',
    'the tenant of changing by Hasura',
    `${hasuraFloors} alter policy hasura_update on app.notes using ${isMember} with check ${isMember}`,
  ),
  attacked(
    'writing',
    'the tenant of deleting',
    `${floors} alter policy tenant_delete on app.notes using ${isMember}`,
  ),
  attacked(
    'writing',
    'the tenant of deleting by Hasura',
    `${hasuraFloors} alter policy hasura_delete on app.notes using ${isMember}`,
  ),
  attacked(
    'reading',
    'the tenant of reading by Hasura',
    `${hasuraFloors} alter policy hasura_read on app.notes using (true)`,
  ),
  attacked(
    'writing',
    'the tenant of adding',
    `${floors} alter policy tenant_insert on app.notes with check ${isMember}`,
  ),
  attacked(
    'writing',
    'the check of changed rows',
    `${floors} alter policy tenant_update on app.drafts with check (true)`,
  ),
  attacked(
    'writing',
    'the check of added rows',
    `drop policy hasura_floor_insert on app.projects; alter policy hasura_insert on app.projects with check (true);
    grant insert on app.projects to strata_hasura`,
  ),
  attacked(
    'spoofing',
    'the check that Hasura has a session',
    `drop policy hasura_floor_update on app.notes; alter policy hasura_update on app.notes using (true) with check (true)`,
  ),
  attacked(
    'spoofing',
    'that a session without a tenant is a session',
    `drop policy hasura_floor_read on app.notes;
    alter policy hasura_read on app.notes using ((select tenancy.current_tenant_id()) is null or ${P})`,
  ),

  attacked(
    'members',
    'the owner of changing',
    `alter policy tenant_update on app.notes using (${P}) with check (${P})`,
  ),
  attacked(
    'members',
    'the owner of deleting',
    `alter policy tenant_delete on app.notes using (${P})`,
  ),
  attacked(
    'members',
    'the owner of reading',
    `alter policy tenant_read on app.drafts using (${P})`,
  ),
  attacked(
    'members',
    'the owner of adding',
    `alter policy tenant_insert on app.notes with check (${P})`,
  ),
  attacked(
    'members',
    'the admin of adding',
    `alter policy tenant_insert on app.projects with check (${P})`,
  ),
  attacked(
    'members',
    'the admin of changing',
    `alter policy tenant_update on app.projects using (${P}) with check (${P})`,
  ),
  attacked(
    'members',
    'the admin of deleting',
    `alter policy tenant_delete on app.projects using (${P})`,
  ),
  attacked(
    'spoofing',
    'that the role must be one of ours',
    `create or replace function tenancy.member_tenant_id() returns uuid language sql stable return tenancy.current_tenant_id()`,
  ),

  attacked(
    'writing',
    'the tenant in the primary key',
    `alter table app.notes drop constraint notes_pkey, add primary key (id)`,
  ),
  attacked(
    'writing',
    'the tenant in a unique key',
    'alter table app.projects drop constraint projects_tenant_id_name_key, add unique (name)',
  ),
  attacked(
    'writing',
    'the tenant in a unique index',
    'create unique index careless on app.projects (name)',
  ),
  attacked(
    'writing',
    'the tenant in a foreign key',
    `alter table app.projects add constraint careless unique (id);
    alter table app.notes drop constraint notes_project, add foreign key (project_id) references app.projects (id)`,
  ),
  attacked(
    'writing',
    'the tenant in the reference to an author',
    `alter table app.notes drop constraint notes_author,
    add foreign key (author_id) references registry.users on delete set null`,
  ),

  attacked('writing', 'the revoked TRUNCATE', 'grant truncate on app.notes to strata_tenant'),
  attacked(
    'writing',
    'the columns that tenants may write',
    `${floors} grant update on app.projects to strata_tenant; alter policy tenant_update on app.projects with check (true)`,
  ),
  backed(
    'the columns that tenants may write, with the checks',
    'grant update on app.projects to strata_tenant; grant update (tenant_id) on app.projects to strata_tenant',
  ),
  attacked(
    'spoofing',
    'the login of a token',
    claimsFrom(`coalesce(${backend}, ${token})`, mutation, backend),
  ),
  attacked(
    'spoofing',
    'the login of Hasura',
    claimsFrom(`coalesce(${token}, ${mutation})`, mutation, backend),
  ),
  attacked(
    'spoofing',
    "the login of Hasura's writes",
    claimsFrom(token, `coalesce(${mutation}, ${token})`, backend),
  ),
  attacked(
    'spoofing',
    'the login of a backend',
    claimsFrom(token, mutation, `coalesce(${backend}, ${token})`),
  ),
  attacked(
    'spoofing',
    'the namespace of the claims',
    claimsFrom(`coalesce(${token}, ${payload})`, mutation, backend),
  ),
  attacked(
    'spoofing',
    'the role that the authenticator must become',
    'grant usage on schema app to strata_authenticator; grant delete on app.notes to strata_authenticator',
  ),
  attacked(
    'spoofing',
    'what anonymous requests lack',
    `grant usage on schema app to strata_anon; grant select on app.notes to strata_anon`,
  ),
  attacked('privileges', 'memberships', 'grant strata_maintenance to strata_hasura'),

  backed(
    'who may run the recorder',
    'grant usage on schema audit to public; grant execute on function audit.record() to public',
  ),
  attacked(
    'privileges',
    'who may run the recorder, with temporary objects',
    `grant usage on schema audit to public; grant execute on function audit.record() to public;
    do $$ begin execute format('grant temp on database %I to public', current_database()); end $$`,
  ),
  attacked(
    'privileges',
    'temporary objects',
    `do $$ begin execute format('grant temp on database %I to public', current_database()); end $$`,
  ),
  attacked(
    'privileges',
    'the schema public',
    'grant create on schema public to public; grant usage on schema public to public',
  ),
  attacked('privileges', 'who may define something', 'grant create on schema app to strata_tenant'),
  attacked(
    'spoofing',
    'who may run the checks of shape',
    'grant execute on all functions in schema tenancy to public',
  ),
  backed('the search_path of the recorder', 'alter function audit.record() reset search_path'),
  backed(
    'what everybody may run later',
    'alter default privileges for role strata_owner grant execute on functions to public',
  ),
  backed('the recording of changes', 'alter table app.notes disable trigger strata_audit_update'),

  attacked('privileges', 'append-only', 'drop trigger append_only on audit.log'),
  attacked('privileges', 'append-only of a part', 'drop trigger append_only on audit.log_other'),
  attacked(
    'privileges',
    'append-only of a month',
    `do $$ begin execute 'drop trigger append_only on audit.log_' || to_char(now() at time zone 'UTC', 'YYYY_MM'); end $$`,
  ),
  attacked(
    'privileges',
    'what the auditor may not change',
    `grant insert, update, delete on audit.log to strata_auditor;
    create policy careless on audit.log to strata_auditor using (true) with check (true)`,
  ),
  attacked(
    'privileges',
    'what the auditor may not read',
    `grant usage on schema app to strata_auditor; grant select on app.notes to strata_auditor`,
  ),
  attacked(
    'reading',
    'what tenants may not read of the audit log',
    `grant usage on schema audit to strata_tenant; grant select on audit.log to strata_tenant`,
  ),
  attacked(
    'reading',
    'the registry',
    'grant usage on schema registry to strata_tenant; grant select on all tables in schema registry to strata_tenant',
  ),
  attacked(
    'reading',
    'the ledger from tenants',
    'grant usage on schema strata to strata_tenant; grant all on strata.migrations to strata_tenant',
  ),
  attacked(
    'privileges',
    'the ledger from the migrator',
    'grant update, delete, truncate on strata.migrations to strata_migrator',
  ),
  attacked('reading', 'the statistics of the server', 'grant select on pg_statistic to public'),
];
