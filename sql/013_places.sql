-- strata: as admin
-- Where each tenant's rows are. The registry is central: in the database strata of the shard main. Other databases with
-- tenants have the same tables, and in them copies of the rows that they need.
--
-- The three models have the same tables. shared: the schema app, one for all. schema: t_<id> with a role of its own.
-- database: t_<id>, a database with a login of its own. Names are made of the tenant's id, 32 hex digits.
--
-- The registry is small, and its numbers are bounded.
-- squawk-ignore-file prefer-bigint-over-int, adding-foreign-key-constraint, constraint-missing-not-valid, require-concurrent-index-creation

do $database$
begin
  execute format('grant create on database %I to strata_owner', current_database());
end
$database$;

create function strata.forget_place(place text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  gone bigint;
begin
  if place !~ '^t_[0-9a-f]{32}$' or to_regnamespace(place) is not null then
    raise exception 'the ledger forgets schemas of tenants that are gone, nothing else'
      using errcode = 'insufficient_privilege';
  end if;
  delete from strata.migrations where scope = place;
  get diagnostics gone = row_count;
  return gone;
end
$$;
comment on function strata.forget_place(text) is
  'What was applied to a tenant''s schema, t_<id>, once that schema is gone: forgotten, so that it can be made anew';
revoke all on function strata.forget_place(text) from public;
grant execute on function strata.forget_place(text) to strata_migrator;

grant strata_owner to current_user;
set local role strata_owner;

create table registry.shards (
  name text primary key check (name ~ '^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$'),
  host text check (char_length(host) between 1 and 253),
  port int check (port between 1 and 65535),
  status text not null default 'open' check (status in ('open', 'full')),
  created_at timestamptz not null default now(),
  constraint shards_address check ((name = 'main') = (host is null) and (host is null) = (port is null))
);
comment on table registry.shards is 'Database clusters that hold tenants';
comment on column registry.shards.host is 'Where services reach it; null for main, which they reach anyway';
comment on column registry.shards.status is 'full: no new tenant is put there';
insert into registry.shards (name) values ('main');

-- The owner is filtered too, and a reference is checked as the owner: not in this transaction, which nobody sees.
alter table registry.tenants no force row level security;
alter table registry.tenants
  add column shard text not null default 'main' references registry.shards on update cascade on delete restrict,
  add column generation int not null default 1 check (generation > 0),
  add column schema_version text,
  add column max_connections int check (max_connections between 1 and 500),
  add column statement_timeout_ms int check (statement_timeout_ms between 100 and 3600000),
  add column storage_bytes bigint check (storage_bytes >= 0),
  add column requests_per_minute int check (requests_per_minute between 1 and 1000000),
  drop constraint tenants_status_check,
  add constraint tenants_status_check check (status in ('provisioning', 'importing', 'active', 'suspended', 'deleting'));
alter table registry.tenants force row level security;
comment on column registry.tenants.shard is 'On which database cluster its rows are';
comment on column registry.tenants.generation is 'Of the password of its login: a higher one is another password';
comment on column registry.tenants.schema_version is 'What its own tables were last brought to; null where they are shared';
comment on column registry.tenants.max_connections is 'At the same time, where it has a database of its own; null: the platform''s default';
comment on column registry.tenants.statement_timeout_ms is 'Null: the platform''s default';
comment on column registry.tenants.storage_bytes is 'What its files may take; null: the platform''s default';
comment on column registry.tenants.requests_per_minute is 'Null: the platform''s default';
create index tenants_of_shard on registry.tenants (shard, model);

create table registry.tenant_migrations (
  tenant_id uuid not null references registry.tenants on delete cascade,
  name text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  state text not null check (state in ('done', 'failed')),
  error text,
  at timestamptz not null default now(),
  primary key (tenant_id, name)
);
comment on table registry.tenant_migrations is
  'What was applied to the tables of each tenant that has its own; the truth stands in their database, in strata.migrations';

alter table registry.shards enable row level security, force row level security;
alter table registry.tenant_migrations enable row level security, force row level security;
create policy maintenance on registry.shards to strata_maintenance using (true) with check (true);
create policy maintenance on registry.tenant_migrations to strata_maintenance using (true) with check (true);

-- A migration that changes data runs once for each place, and then the registry shows it who lives there and nobody else.

create function tenancy.narrowed_to() returns text
language sql stable parallel safe
return nullif(current_setting('strata.narrowed_to', true), '');
comment on function tenancy.narrowed_to() is
  'For maintenance: shared, or the id of the tenant whose place it works at; null for the whole platform';
grant execute on function tenancy.narrowed_to() to strata_maintenance;

create policy narrowed on registry.tenants as restrictive for select to strata_maintenance
  using ((select tenancy.narrowed_to()) is null or (select tenancy.narrowed_to()) =
    case when shard <> 'main' then 'elsewhere' when model = 'shared' then 'shared' else id::text end);
create policy narrowed on registry.members as restrictive for select to strata_maintenance
  using ((select tenancy.narrowed_to()) is null
    or tenant_id in (select t.id from registry.tenants t));

-- Where to go with a tenant's request: asked by the login itself, before the session acts for anybody.

create policy places on registry.tenants for select to strata_owner
  using ((select session_user) in ('strata_authenticator', 'strata_app') and not (select tenancy.has_claims()));
create policy places on registry.shards for select to strata_owner
  using ((select session_user) in ('strata_authenticator', 'strata_app', 'strata_guard') and not (select tenancy.has_claims()));

create function tenancy.place(tenant uuid)
returns table (slug text, status text, model text, shard text, host text, port int, database text, schema text, role text,
  generation int, max_connections int, statement_timeout_ms int, requests_per_minute int)
language sql stable security definer set search_path = '' set row_security = on as $$
  select t.slug, t.status, t.model, t.shard, s.host, s.port,
    case t.model when 'database' then 't_' || replace(t.id::text, '-', '') else 'strata' end,
    case t.model when 'schema' then 't_' || replace(t.id::text, '-', '') else 'app' end,
    case t.model when 'schema' then tenancy.tenant_role(t.id) else 'strata_tenant' end,
    t.generation, t.max_connections, t.statement_timeout_ms, t.requests_per_minute
  from registry.tenants t join registry.shards s on s.name = t.shard
  where t.id = tenant
$$;
comment on function tenancy.place(uuid) is
  'For services: where a tenant''s rows are and what it may use; no row when there is none. Reads only: a replica will do';
grant usage on schema tenancy to strata_migrator;
grant execute on function tenancy.place(uuid) to strata_authenticator, strata_app, strata_guard;
grant usage on schema tenancy to strata_authenticator, strata_app;

reset role;
revoke strata_owner from current_user;
