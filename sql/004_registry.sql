-- Tenants, users and members. No API reads or writes here: maintenance does, and the owner's foreign keys.

create table registry.tenants (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
    -- Where a tenant is asked for by its id, nobody else may answer.
    constraint tenants_slug_is_no_id check (slug !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  name text not null check (char_length(name) between 1 and 200),
  model text not null default 'shared' check (model in ('shared', 'schema', 'database')),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz not null default now()
);
comment on table registry.tenants is 'The platform''s customers';
comment on column registry.tenants.slug is 'Names the tenant in host names and paths';
comment on column registry.tenants.model is 'How its rows are kept apart: shared tables, a schema, a database';

create table registry.users (
  id uuid primary key default gen_random_uuid(),
  handle text not null unique check (char_length(handle) between 1 and 200),
  created_at timestamptz not null default now()
);
comment on table registry.users is 'People; one may be a member of several tenants';

create table registry.members (
  tenant_id uuid not null references registry.tenants on delete cascade,
  user_id uuid not null references registry.users on delete cascade,
  role text not null check (role in ('admin', 'member')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
comment on table registry.members is 'Who belongs to which tenant, and as what';
create index members_user on registry.members (user_id);

alter table registry.tenants enable row level security, force row level security;
alter table registry.users enable row level security, force row level security;
alter table registry.members enable row level security, force row level security;
create policy maintenance on registry.tenants to strata_maintenance using (true) with check (true);
create policy maintenance on registry.users to strata_maintenance using (true) with check (true);
create policy maintenance on registry.members to strata_maintenance using (true) with check (true);
