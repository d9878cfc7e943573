-- What policies cannot mend: a table whose keys let one tenant feel another's rows. A fence is put up only where
-- there is nothing to report.

create function tenancy.table_problems(subject regclass) returns setof text
language plpgsql stable set search_path = '' as $$
declare
  relation pg_catalog.pg_class;
  tenant pg_catalog.pg_attribute;
begin
  select * into strict relation from pg_catalog.pg_class where oid = subject;
  if relation.relkind not in ('r', 'p') then
    return next format('%s is not a table: declare the tables that it reads, '
      'and make views with (security_invoker = true)', subject);
    return;
  end if;

  if relation.relowner <> 'strata_owner'::regrole then
    return next format('it belongs to %s, who is free of the rules: alter table %s owner to strata_owner',
      relation.relowner::regrole, subject);
  end if;

  return query
  select format('its rows show through %s, whatever its own policies say: %s', i.inhparent::regclass,
    case when relation.relispartition then format('declare %s instead', i.inhparent::regclass)
      else format('alter table %s no inherit %s', subject, i.inhparent::regclass) end)
  from pg_catalog.pg_inherits i where i.inhrelid = subject;

  select * into tenant from pg_catalog.pg_attribute
  where attrelid = subject and attname = 'tenant_id' and not attisdropped;
  if not found then
    return next format('it has no tenant_id: alter table %s add column tenant_id uuid not null '
      'default tenancy.require_tenant_id() references registry.tenants on delete cascade', subject);
    return;
  end if;

  if tenant.atttypid <> 'uuid'::regtype then
    return next format('tenant_id is %s: alter table %s alter column tenant_id type uuid using tenant_id::text::uuid',
      tenant.atttypid::regtype, subject);
  end if;
  if not tenant.attnotnull then
    return next format('tenant_id may be null: alter table %s alter column tenant_id set not null', subject);
  end if;
  if not exists (
    select from pg_catalog.pg_attrdef d where d.adrelid = subject and d.adnum = tenant.attnum
      and pg_get_expr(d.adbin, d.adrelid) = 'tenancy.require_tenant_id()'
  ) then
    return next format('tenant_id does not default to the session''s tenant: '
      'alter table %s alter column tenant_id set default tenancy.require_tenant_id()', subject);
  end if;
  if not exists (
    select from pg_catalog.pg_constraint c where c.conrelid = subject and c.contype = 'f' and c.convalidated
      and c.confrelid = to_regclass('registry.tenants') and c.conkey = array[tenant.attnum]
  ) then
    return next format('tenant_id refers to no tenant: '
      'alter table %s add foreign key (tenant_id) references registry.tenants on delete cascade', subject);
  end if;

  return query select tenancy.key_problems(subject, tenant.attnum);
  return query select tenancy.reference_problems(subject, tenant.attnum);

  return query
  select format('%I counts over all tenants, so each can tell how much the others write: '
      'make it a uuid (default gen_random_uuid())', a.attname)
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = subject and a.attnum > 0 and not a.attisdropped
    and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%');

  return query
  select distinct format('its part %1$s is granted to %2$s, who reads it without the table''s policies: '
      'revoke all on %1$s from %2$s', part.oid::regclass, coalesce(nullif(acl.grantee, 0)::regrole::text, 'public'))
  from (
    with recursive below (oid) as (
      select inhrelid from pg_catalog.pg_inherits where inhparent = subject
      union select i.inhrelid from pg_catalog.pg_inherits i join below b on i.inhparent = b.oid
    )
    select c.* from below join pg_catalog.pg_class c using (oid)
  ) as part
  cross join lateral aclexplode(part.relacl) as acl
  where acl.grantee not in ('strata_owner'::regrole, 'strata_maintenance'::regrole);
end
$$;
comment on function tenancy.table_problems(regclass) is
  'What in a table''s shape would let tenants meet, each with the statement that mends it; no row when all is well';

create function tenancy.key_problems(subject regclass, tenant int2) returns setof text
language plpgsql stable set search_path = '' as $$
begin
  if not exists (select from pg_catalog.pg_index where indrelid = subject and indisprimary) then
    return next format('it has no primary key: alter table %s add primary key (tenant_id, …)', subject);
  end if;

  return query
  select case
    when i.indisprimary then format(
      'its primary key does not begin with tenant_id: alter table %s drop constraint %I, add primary key (%s)',
      subject, c.conname, columns.list)
    when i.indisexclusion then format(
      '%I lets a tenant feel another''s rows by a violation: drop it and exclude with (tenant_id with =, …)', x.relname)
    when c.oid is not null then format(
      '%1$I lets a tenant feel another''s rows by a violation: '
      'alter table %2$s drop constraint %1$I, add unique (%3$s)',
      x.relname, subject, columns.list)
    else format(
      '%I lets a tenant feel another''s rows by a violation: drop index %2$s; create unique index on %3$s (%4$s)',
      x.relname, i.indexrelid::regclass, subject, columns.list)
    end
  from pg_catalog.pg_index i
  join pg_catalog.pg_class x on x.oid = i.indexrelid
  left join pg_catalog.pg_constraint c
    on c.conindid = i.indexrelid and c.conrelid = subject and c.contype in ('p', 'u', 'x')
  cross join lateral (
    select 'tenant_id, ' || string_agg(pg_get_indexdef(i.indexrelid, at.position, true), ', ' order by at.position)
      as list
    from generate_series(1, i.indnkeyatts) as at (position) where i.indkey[at.position - 1] <> tenant
  ) as columns
  where i.indrelid = subject and (i.indisunique or i.indisexclusion)
    and case
      when i.indisprimary then i.indkey[0] <> tenant
      else not exists (
        select from generate_series(1, i.indnkeyatts) as at (position)
        left join pg_catalog.pg_operator o on o.oid = c.conexclop[at.position]
        -- An exclusion with <> instead of = would compare with every other tenant.
        where i.indkey[at.position - 1] = tenant and coalesce(o.oprname, '=') = '=')
    end;
end
$$;
comment on function tenancy.key_problems(regclass, int2) is 'Keys of a table that compare rows of different tenants';

create function tenancy.reference_problems(subject regclass, tenant int2) returns setof text
language sql stable set search_path = '' as $$
  select format('%1$I shows whether a row exists in any tenant: alter table %2$s drop constraint %1$I, '
    'add foreign key (tenant_id, %3$s) references %4$s (tenant_id, %5$s)%6$s',
    f.conname, subject, own.list,
    case when target.attnum is null then 'registry.members' else f.confrelid::regclass::text end,
    case when target.attnum is null then 'user_id' else theirs.list end,
    case f.confdeltype when 'c' then ' on delete cascade' when 'r' then ' on delete restrict'
      when 'n' then format(' on delete set null (%s)', own.list) else '' end)
  from pg_catalog.pg_constraint f
  left join pg_catalog.pg_attribute target
    on target.attrelid = f.confrelid and target.attname = 'tenant_id' and not target.attisdropped
  cross join lateral (
    select string_agg(quote_ident(a.attname), ', ' order by k.position) as list
    from unnest(f.conkey) with ordinality as k (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = subject and a.attnum = k.attnum and a.attnum <> tenant
  ) as own
  cross join lateral (
    select string_agg(quote_ident(a.attname), ', ' order by k.position) as list
    from unnest(f.confkey) with ordinality as k (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum and a.attname <> 'tenant_id'
  ) as theirs
  where f.conrelid = subject and f.contype = 'f'
    and (target.attnum is not null or f.confrelid = to_regclass('registry.users'))
    and not exists (
      select from unnest(f.conkey, f.confkey) as pair (own, theirs)
      where pair.own = tenant and pair.theirs = target.attnum);
$$;
comment on function tenancy.reference_problems(regclass, int2) is
  'Foreign keys that reach rows of other tenants, or users of the whole platform';
