create table app.projects (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete restrict,
  id uuid not null default gen_random_uuid(),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
comment on table app.projects is 'What a tenant works on';

create table app.notes (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete restrict,
  id uuid not null default gen_random_uuid(),
  project_id uuid not null,
  author_id uuid not null default tenancy.require_user_id(),
  body text not null check (length(body) between 1 and 10000),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint notes_project foreign key (tenant_id, project_id) references app.projects (tenant_id, id) on delete cascade
);
comment on table app.notes is 'What a member writes about a project';
comment on constraint notes_project on app.notes is E'@fieldName project\n@foreignFieldName notes';
create index notes_by_project on app.notes (tenant_id, project_id);
create index notes_by_author on app.notes (tenant_id, author_id);
