create table registry.tenants (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{0,39}$'),
  name text not null check (length(name) between 1 and 200),
  model text not null default 'shared' check (model in ('shared', 'schema', 'database')),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz not null default now()
);
comment on table registry.tenants is 'Every tenant of the platform and how its data is kept apart';

create table registry.users (
  id uuid primary key default gen_random_uuid(),
  handle text not null unique check (length(handle) between 1 and 200),
  created_at timestamptz not null default now()
);
comment on table registry.users is 'Every person who can be a member of a tenant';

create table registry.members (
  tenant_id uuid not null references registry.tenants on delete restrict,
  user_id uuid not null references registry.users on delete restrict,
  role text not null check (role in ('admin', 'member')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
comment on table registry.members is 'Who belongs to which tenant, and as what';
create index members_user on registry.members (user_id);
