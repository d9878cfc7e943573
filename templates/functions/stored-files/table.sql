-- Files that are kept by somebody else: a row for each. Who may see which is what tenancy.ts says of this table.

create table stored_files (
  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  owner_id uuid default tenancy.require_user_id(),
  store text not null check (store in ('telegram', 'cloudinary')),
  name text not null check (char_length(name) between 1 and 255),
  mime_type text not null check (mime_type ~ '^[a-z0-9.+-]{1,63}/[a-z0-9.+-]{1,63}$'),
  size bigint not null check (size > 0),
  reference text not null check (char_length(reference) <= 400),
  created_at timestamptz not null default now() check (isfinite(created_at)),
  primary key (tenant_id, id),
  constraint stored_files_owner foreign key (tenant_id, owner_id) references registry.members on delete set null (owner_id)
);
comment on table stored_files is 'Files that are kept by somebody else';
comment on column stored_files.owner_id is 'Who uploaded it; null once that member has left the tenant';
comment on column stored_files.reference is 'What its keeper calls it; of no use in another row';
create index stored_files_of_owner on stored_files (tenant_id, owner_id);
create index stored_files_newest on stored_files (tenant_id, created_at, id);
