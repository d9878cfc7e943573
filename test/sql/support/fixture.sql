-- A table whose rows only their owner may read, and what a careless migration may leave behind: a view that is not
-- security_invoker and a function that runs as the owner. FORCE must hold both.

create table app.drafts (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  author_id uuid not null default tenancy.require_user_id(),
  title text not null,
  primary key (tenant_id, id),
  unique (tenant_id, author_id, title),
  foreign key (tenant_id, author_id) references registry.members on delete cascade
);

create view app.careless_notes as select * from app.notes;
create function app.careless_count() returns bigint
language sql security definer set search_path = '' as $$ select count(*) from app.notes $$;

grant select on app.careless_notes to strata_tenant;
grant execute on function app.careless_count() to strata_tenant;
