-- strata: as admin
-- What is to be done with tenants: databases cannot be made inside a function, so functions enqueue and a worker does.
--
-- The registry is small, and its numbers are bounded.
-- squawk-ignore-file prefer-bigint-over-int

grant strata_owner to current_user;
set local role strata_owner;

create table registry.tenant_jobs (
  id uuid primary key default gen_random_uuid(),
  action text not null check (action in (
    'create', 'suspend', 'resume', 'configure', 'synchronise', 'export', 'import', 'anonymise', 'delete')),
  tenant_id uuid,
  slug text not null check (char_length(slug) between 1 and 63),
  arguments jsonb not null default '{}',
  state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
  error text,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  lease uuid,
  requested_by text not null default session_user,
  requested_at timestamptz not null default now(),
  ended_at timestamptz,
  progress text,
  result jsonb
);
comment on table registry.tenant_jobs is 'What a worker does with tenants: databases cannot be made inside a function';
create index tenant_jobs_due on registry.tenant_jobs (due_at) where state in ('queued', 'running');
comment on column registry.tenant_jobs.due_at is 'When it may be taken; of one that runs, when it may be taken over';
comment on column registry.tenant_jobs.progress is 'The last that the worker said of it';
comment on column registry.tenant_jobs.result is 'What came of it; for operators';
create unique index tenant_jobs_one_sign_up on registry.tenant_jobs (slug)
  where action = 'create' and state in ('queued', 'running');

alter table registry.tenant_jobs enable row level security, force row level security;
create policy maintenance on registry.tenant_jobs to strata_maintenance using (true) with check (true);

-- Tenants that sign themselves up. Whoever floods sign-ups fills neither the disk nor the day: a hundred wait, the next
-- one is told to come again.

create policy sign_up on registry.tenant_jobs to strata_owner
  using ((select session_user) = 'strata_app') with check ((select session_user) = 'strata_app');

create function tenancy.sign_up(slug text, name text, admin text, model text default null) returns uuid
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  most constant int := 100;
  job uuid;
begin
  if slug is null or slug !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' or slug ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'the slug % is not allowed: a-z, 0-9 and -, 63 characters at most, and no uuid', quote_nullable(left(slug, 80))
      using errcode = 'check_violation';
  end if;
  if coalesce(char_length(name), 0) not between 1 and 200 or coalesce(char_length(admin), 0) not between 1 and 200 then
    raise exception 'a tenant needs a name and an admin, each of 1 to 200 characters' using errcode = 'check_violation';
  end if;
  if model is not null and model not in ('shared', 'schema', 'database') then
    raise exception 'the model % is not known: shared, schema or database', quote_literal(left(model, 80))
      using errcode = 'check_violation';
  end if;
  if exists (select from registry.tenants t where t.slug = sign_up.slug)
    or exists (select from registry.tenant_jobs j
      where j.slug = sign_up.slug and j.action = 'create' and j.state in ('queued', 'running')) then
    raise exception 'the slug % is taken', quote_literal(slug) using errcode = 'unique_violation';
  end if;
  if (select count(*) from registry.tenant_jobs j where j.action = 'create' and j.state in ('queued', 'running')) >= most then
    raise exception 'too many sign-ups wait' using
      errcode = 'configuration_limit_exceeded', hint = 'Try again in a minute.';
  end if;
  insert into registry.tenant_jobs (action, slug, arguments)
  values ('create', slug, jsonb_strip_nulls(jsonb_build_object('name', name, 'admin', admin, 'model', model)))
  returning id into job;
  perform pg_notify('strata_tenants', job::text);
  return job;
exception
  -- Two at once: the second finds it here.
  when unique_violation then
    raise exception 'the slug % is taken', quote_literal(slug) using errcode = 'unique_violation';
end
$$;
comment on function tenancy.sign_up(text, text, text, text) is
  'For trusted backends: asks for a tenant with its first admin; returns the job, which a worker executes';

create function tenancy.sign_up_state(job uuid) returns table (state text, error text, tenant_id uuid)
language sql stable security definer set search_path = '' set row_security = on as $$
  select j.state, j.error, j.tenant_id from registry.tenant_jobs j where j.id = job and j.action = 'create'
$$;
comment on function tenancy.sign_up_state(uuid) is 'For trusted backends: what became of a sign-up';
grant execute on function tenancy.sign_up(text, text, text, text), tenancy.sign_up_state(uuid) to strata_app;

-- Who no longer is a member must not be one in the tenant's own database either.

create function registry.ask_to_synchronise() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  changed constant uuid := coalesce(new.tenant_id, old.tenant_id);
  tenant_slug constant text := (select t.slug from registry.tenants t
    where t.id = changed and (t.model = 'database' or t.shard <> 'main') and t.status <> 'deleting');
begin
  if tenant_slug is null then
    return null;
  end if;
  -- A job that waits sees this change only when it is taken after the commit, so it is locked until then. One that is
  -- being taken does not count.
  perform from registry.tenant_jobs j
  where j.tenant_id = changed and j.action = 'synchronise' and j.state = 'queued'
  for share skip locked;
  if not found then
    insert into registry.tenant_jobs (action, tenant_id, slug) values ('synchronise', changed, tenant_slug);
  end if;
  -- Of a locked one too: the worker has passed it over.
  perform pg_notify('strata_tenants', '');
  return null;
end
$$;
comment on function registry.ask_to_synchronise() is
  'After a change of a member: asks the worker to bring it to the tenant''s own database';
create trigger synchronise after insert or update or delete on registry.members
  for each row execute function registry.ask_to_synchronise();
create policy synchronise on registry.tenants for select to strata_owner using (pg_trigger_depth() > 0);
create policy synchronise on registry.tenant_jobs to strata_owner
  using (pg_trigger_depth() > 0) with check (pg_trigger_depth() > 0);

reset role;
revoke strata_owner from current_user;
