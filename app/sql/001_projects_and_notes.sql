-- An example application: projects, and notes that members write in them.

create table projects (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null check (char_length(name) between 1 and 100),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
comment on table projects is 'What a tenant works on';

create table notes (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  project_id uuid not null,
  author_id uuid default tenancy.require_user_id(),
  body text not null check (char_length(body) between 1 and 10000),
  created_at timestamptz not null default now() check (isfinite(created_at)),
  primary key (tenant_id, id),
  constraint notes_project foreign key (tenant_id, project_id) references projects on delete cascade,
  constraint notes_author foreign key (tenant_id, author_id) references registry.members on delete set null (author_id)
);
comment on table notes is 'What members write about a project';
comment on column notes.author_id is 'The member who wrote it; null once that member has left the tenant';
-- PostGraphile's names for both ends of the reference.
comment on constraint notes_project on notes is E'@fieldName project\n@foreignFieldName notes';

create index notes_of_project on notes (tenant_id, project_id, created_at);
create index notes_of_author on notes (tenant_id, author_id);
