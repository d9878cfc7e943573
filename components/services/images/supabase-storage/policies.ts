import { claimsName } from '../../tokens';

/**
 * Whom the tables of Supabase's storage let in: a tenant into buckets whose id begins with the tenant's id and, where
 * there is more, a hyphen (`<tenant id>`, `<tenant id>-avatars`), and into the files there. An id of a tenant has 36
 * characters, so none is the beginning of another's. Buckets are made and changed by admins of the tenant, who alone may
 * make one public: the files of such a one are shown to anybody who knows their names, without asking these policies.
 *
 * Run by the owner of the tables, any number of times, in one transaction.
 */
const claims = `nullif(current_setting('request.jwt.claims', true), '')::jsonb -> '${claimsName}'`;

const tables = [
  'buckets',
  'objects',
  's3_multipart_uploads',
  's3_multipart_uploads_parts',
] as const;

const own = (column: string): string =>
  `(${column} = (select strata_own.tenant()) or starts_with(${column}, (select strata_own.tenant()) || '-'))`;

const admin = "(select strata_own.role()) = 'tenant_admin'";

const policies: readonly string[] = [
  policy('buckets', 'select', own('id')),
  policy('buckets', 'insert', undefined, `${own('id')} and name = id and ${admin}`),
  policy('buckets', 'update', `${own('id')} and ${admin}`, `${own('id')} and name = id`),
  policy('buckets', 'delete', `${own('id')} and ${admin}`),
  policy('objects', 'select', own('bucket_id')),
  policy('objects', 'insert', undefined, own('bucket_id')),
  policy('objects', 'update', own('bucket_id'), own('bucket_id')),
  policy('objects', 'delete', own('bucket_id')),
];

export const statements: readonly string[] = [
  'create schema if not exists strata_own',
  `create or replace function strata_own.tenant() returns text language sql stable
     return (${claims}) ->> 'x-hasura-tenant-id'`,
  `create or replace function strata_own.role() returns text language sql stable
     return (${claims}) ->> 'x-hasura-role'`,
  "comment on function strata_own.tenant() is 'The tenant that the request acts for; null without one'",
  "comment on function strata_own.role() is 'The role of its member; null without one'",
  'grant usage on schema strata_own, storage to strata_tenant',
  // The migrations grant more to the roles that they are told; what is not said here is nobody's.
  'revoke all on all tables in schema storage from strata_tenant, strata_anon',
  'revoke create on schema storage from public, strata_tenant, strata_anon',
  ...tables.map((table) =>
    ifThere(table, `alter table storage.${table} enable row level security`),
  ),
  dropPolicies(),
  ...policies,
  'grant select, insert, update, delete on storage.buckets, storage.objects to strata_tenant',
];

function policy(
  table: 'buckets' | 'objects',
  command: 'select' | 'insert' | 'update' | 'delete',
  using?: string,
  check?: string,
): string {
  return [
    `create policy strata_${command} on storage.${table} for ${command} to strata_tenant`,
    ...(using === undefined ? [] : [`using (${using})`]),
    ...(check === undefined ? [] : [`with check (${check})`]),
  ].join(' ');
}

function ifThere(table: string, statement: string): string {
  return `do $strata$ begin if to_regclass('storage.${table}') is not null then ${statement}; end if; end $strata$`;
}

/** Also those that somebody else has put there: one that permits would open what these close. */
function dropPolicies(): string {
  return `do $strata$
declare item record;
begin
  for item in select polname, polrelid::regclass as place from pg_catalog.pg_policy
    where polrelid in (select oid from pg_catalog.pg_class where relnamespace = 'storage'::regnamespace)
  loop
    execute format('drop policy %I on %s', item.polname, item.place);
  end loop;
end
$strata$`;
}
