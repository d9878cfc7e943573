-- strata: as admin
-- Which databases the pooler serves. Whoever writes its configuration logs in as strata_pooler, which reads that by two
-- functions and nothing else: no slug, no name, no member, no row of a tenant.

alter role strata_pooler connection limit 2;

grant strata_owner to current_user;
set local role strata_owner;

create policy pools on registry.tenants for select to strata_owner
  using ((select session_user) = 'strata_pooler');
create policy pools on registry.shards for select to strata_owner
  using ((select session_user) = 'strata_pooler');

create function tenancy.pooled_tenants() returns table (id uuid, shard text, generation int, max_connections int)
language sql stable security definer set search_path = '' set row_security = on as $$
  select t.id, t.shard, t.generation, t.max_connections
  from registry.tenants t where t.model = 'database' and t.status = 'active' order by t.id
$$;
comment on function tenancy.pooled_tenants() is
  'For the pooler: active tenants with a database of their own, where it is and how many connections it may have';

create function tenancy.pooled_shards() returns table (name text, host text, port int)
language sql stable security definer set search_path = '' set row_security = on as $$
  select s.name, s.host, s.port from registry.shards s order by s.name
$$;
comment on function tenancy.pooled_shards() is 'For the pooler: the database clusters and where they are; main has no address';

grant usage on schema tenancy to strata_pooler;
grant execute on function tenancy.pooled_tenants(), tenancy.pooled_shards() to strata_pooler;

create function registry.tell_pooler() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform pg_notify('strata_tenants', '');
  return null;
end
$$;
comment on function registry.tell_pooler() is 'Says that what the pooler serves may have changed; it looks itself';
create trigger tell_pooler
after insert or delete or update of status, model, shard, generation, max_connections on registry.tenants
for each statement execute function registry.tell_pooler();
create trigger tell_pooler after insert or delete or update of host, port on registry.shards
for each statement execute function registry.tell_pooler();

reset role;
revoke strata_owner from current_user;
