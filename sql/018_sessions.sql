-- strata: as admin
-- Who is signed in. The auth service knows people by its own ids; a token of the platform names a user of the registry.
-- The program `sessions` asks here whose token it makes, and writes here which tokens count no more.
--
-- Nobody becomes somebody by saying so: a user of the registry is taken over by the first person whose address is proven
-- and is that user's handle, to the letter, and only while no other identity belongs to it. Who has proven nothing gets a
-- user of his own, whose handle is its id: a name that nobody would give a membership to by mistake.
--
-- Row level security is FORCED, and the owner's policies look at the login, as in 007.

alter role strata_sessions connection limit 6;

grant strata_owner to current_user;
set local role strata_owner;

create table registry.identities (
  provider text not null check (provider in ('hasura-auth', 'gotrue')),
  subject uuid not null,
  user_id uuid not null references registry.users on delete cascade,
  created_at timestamptz not null default now(),
  last_sign_in_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (provider, subject)
);
comment on table registry.identities is 'Who a person of the auth service is on the platform';
comment on column registry.identities.subject is 'The id that the auth service knows the person by: sub of its tokens';
comment on column registry.identities.revoked_at is 'What began before counts no more';
create index identities_of_user on registry.identities (user_id);

create table registry.sign_ins (
  provider text not null,
  subject uuid not null,
  id uuid not null,
  began_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (provider, subject, id),
  foreign key (provider, subject) references registry.identities on delete cascade
);
comment on table registry.sign_ins is 'From signing in to signing out: what one refresh token after the other goes on with';
comment on column registry.sign_ins.id is 'As the auth service calls it; it stays while refresh tokens rotate';

create table registry.revocations (
  name uuid primary key,
  at timestamptz not null,
  until timestamptz not null check (until > at)
);
comment on table registry.revocations is
  'Tokens that count no more before they end: those of the name that were issued at that time or before';
comment on column registry.revocations.name is 'Id of a token, of a sign-in, of a user, or of a person of the auth service';
comment on column registry.revocations.until is 'When the last such token has ended by itself';
create index revocations_living on registry.revocations (until);

alter table registry.identities enable row level security, force row level security;
alter table registry.sign_ins enable row level security, force row level security;
alter table registry.revocations enable row level security, force row level security;
create policy maintenance on registry.identities to strata_maintenance using (true) with check (true);
create policy maintenance on registry.sign_ins to strata_maintenance using (true) with check (true);
create policy maintenance on registry.revocations to strata_maintenance using (true) with check (true);

create policy sessions on registry.identities to strata_owner
  using ((select session_user) in ('strata_sessions', 'strata_migrator'))
  with check ((select session_user) in ('strata_sessions', 'strata_migrator'));
create policy sessions on registry.sign_ins to strata_owner
  using ((select session_user) = 'strata_sessions') with check ((select session_user) = 'strata_sessions');
create policy sessions on registry.revocations to strata_owner
  using ((select session_user) in ('strata_sessions', 'strata_migrator'))
  with check ((select session_user) in ('strata_sessions', 'strata_migrator'));
create policy guard on registry.revocations for select to strata_owner
  using ((select session_user) = 'strata_guard');
create policy sessions on registry.users to strata_owner
  using ((select session_user) = 'strata_sessions') with check ((select session_user) = 'strata_sessions');
create policy sessions on registry.members for select to strata_owner using ((select session_user) = 'strata_sessions');
create policy sessions on registry.tenants for select to strata_owner using ((select session_user) = 'strata_sessions');

create function tenancy.link(of_provider text, of_subject uuid, address text, proven boolean) returns uuid
language plpgsql set search_path = '' as $$
declare
  known uuid;
  named uuid;
  own_handle text;
begin
  for attempt in 1..2 loop
    select i.user_id, u.handle into known, own_handle
    from registry.identities i join registry.users u on u.id = i.user_id
    where i.provider = of_provider and i.subject = of_subject;
    if known is not null and (not proven or own_handle <> known::text) then
      return known;
    end if;
    -- Whoever makes or links a user does it alone: two first requests, or two people with one address, meet here.
    perform pg_advisory_xact_lock(hashtextextended('strata.identities', 0));
  end loop;

  if proven then
    select u.id into named from registry.users u where u.handle = address;
  end if;
  if known is not null then
    if named is null then
      update registry.users set handle = address where id = known;
    elsif not exists (select from registry.identities i where i.user_id = named)
      and not exists (select from registry.members m where m.user_id = known) then
      update registry.identities set user_id = named where provider = of_provider and subject = of_subject;
      delete from registry.users where id = known;
      known := named;
    end if;
    return known;
  end if;

  if named is not null and not exists (select from registry.identities i where i.user_id = named) then
    known := named;
  else
    known := case when exists (select from registry.users u where u.id = of_subject)
      then gen_random_uuid() else of_subject end;
    insert into registry.users (id, handle)
    values (known, case when proven and named is null then address else known::text end);
  end if;
  insert into registry.identities (provider, subject, user_id) values (of_provider, of_subject, known);
  return known;
end
$$;
comment on function tenancy.link(text, uuid, text, boolean) is
  'The user that a person of the auth service is; made or linked where there is none. Only enter() does';

create function tenancy.enter(
  provider text, subject uuid, sign_in uuid, begins boolean, address text, proven boolean, keep_days int
) returns table (user_id uuid, admitted boolean, revoked_at timestamptz, at timestamptz)
language plpgsql security definer set search_path = '' set row_security = on as $$
#variable_conflict use_column
declare
  of_provider constant text := enter.provider;
  of_subject constant uuid := enter.subject;
  began timestamptz;
  ended timestamptz;
begin
  enter.user_id := tenancy.link(of_provider, of_subject, enter.address,
    -- Any other address is nobody's handle: those are plain and small (components/settings/values.ts, userName).
    enter.proven and enter.address ~ '^[a-z0-9][a-z0-9._+-]*@[a-z0-9.-]+$' and char_length(enter.address) <= 63);
  select i.revoked_at into enter.revoked_at from registry.identities i
  where i.provider = of_provider and i.subject = of_subject for update;

  if enter.begins then
    delete from registry.sign_ins s where s.provider = of_provider and s.subject = of_subject
      and s.seen_at < now() - make_interval(days => enter.keep_days);
    update registry.identities i set last_sign_in_at = now()
    where i.provider = of_provider and i.subject = of_subject;
    if enter.sign_in is not null then
      insert into registry.sign_ins (provider, subject, id) values (of_provider, of_subject, enter.sign_in)
      on conflict do nothing;
    end if;
  end if;
  update registry.sign_ins s set seen_at = now()
  where s.provider = of_provider and s.subject = of_subject and s.id = enter.sign_in
  returning s.began_at, s.ended_at into began, ended;

  -- A sign-in that nobody wrote down is older than whatever was revoked.
  enter.admitted := ended is null
    and (enter.revoked_at is null or coalesce(began, case when enter.begins then clock_timestamp() end) > enter.revoked_at)
      is true;
  enter.at := clock_timestamp();
  return next;
end
$$;
comment on function tenancy.enter(text, uuid, uuid, boolean, text, boolean, int) is
  'For sessions: which user a person is, and whether the sign-in still counts; begins says that it is a new one';

create function tenancy.memberships(of_user uuid)
returns table (tenant_id uuid, slug text, name text, role text, active boolean)
language sql stable security definer set search_path = '' set row_security = on as $$
  select t.id, t.slug, t.name, m.role, t.status = 'active'
  from registry.members m join registry.tenants t on t.id = m.tenant_id
  where m.user_id = of_user and t.status in ('active', 'suspended')
  order by t.slug
$$;
comment on function tenancy.memberships(uuid) is 'For sessions: the tenants of a user, and what the user is there';

create function tenancy.who_is(provider text, subject uuid) returns uuid
language sql stable security definer set search_path = '' set row_security = on as $$
  select i.user_id from registry.identities i where i.provider = who_is.provider and i.subject = who_is.subject
$$;
comment on function tenancy.who_is(text, uuid) is 'For sessions: the user that a person of the auth service is; null for a stranger';

-- What counts no more. The guard hears that there is something new and reads it itself: whoever may NOTIFY revokes nothing.

create function tenancy.revoke_names(names uuid[], ending timestamptz) returns void
language plpgsql set search_path = '' as $$
declare
  -- Later than whatever this transaction waited for.
  moment constant timestamptz := clock_timestamp();
begin
  delete from registry.revocations where until < now();
  insert into registry.revocations (name, at, until)
  select distinct n, moment, ending from unnest(names) as n where n is not null
  on conflict (name) do update set at = excluded.at, until = greatest(revocations.until, excluded.until);
  perform pg_notify('strata_guard', 'revocations');
end
$$;
comment on function tenancy.revoke_names(uuid[], timestamptz) is
  'Enters revocations and tells the guard; only revoke_sign_in() and revoke_user() do';

create function tenancy.revoke_sign_in(provider text, subject uuid, sign_in uuid, token uuid) returns void
language plpgsql security definer set search_path = '' set row_security = on as $$
begin
  update registry.sign_ins s set ended_at = now()
  where s.provider = revoke_sign_in.provider and s.subject = revoke_sign_in.subject and s.id = sign_in;
  perform tenancy.revoke_names(array[sign_in, token], now() + interval '1 day');
end
$$;
comment on function tenancy.revoke_sign_in(text, uuid, uuid, uuid) is
  'For sessions: ends a sign-in, its tokens and the token with that id';

create function tenancy.revoke_user(of_user uuid) returns bigint
language plpgsql security definer set search_path = '' set row_security = on as $$
declare
  subjects uuid[];
begin
  with changed as (
    update registry.identities set revoked_at = clock_timestamp() where user_id = of_user returning subject
  )
  select coalesce(array_agg(subject), '{}') into subjects from changed;
  perform tenancy.revoke_names(array_append(subjects, of_user), now() + interval '1 day');
  return cardinality(subjects);
end
$$;
comment on function tenancy.revoke_user(uuid) is
  'For sessions and operators: no token and no sign-in of a user from before counts any more; how many identities it has';

create function tenancy.revocations() returns table (name uuid, at timestamptz)
language sql stable security definer set search_path = '' set row_security = on as $$
  select r.name, r.at from registry.revocations r where r.until > now()
$$;
comment on function tenancy.revocations() is 'For the guard: what counts no more, as long as such a token may live';

create function tenancy.is_revoked(names uuid[], issued timestamptz) returns boolean
language sql stable security definer set search_path = '' set row_security = on as $$
  select exists (select from registry.revocations r where r.name = any (names) and r.at >= issued)
$$;
comment on function tenancy.is_revoked(uuid[], timestamptz) is
  'For the guard and sessions: whether a token with one of these names that was issued then counts no more';

grant usage on schema tenancy to strata_sessions;
grant execute on function tenancy.enter(text, uuid, uuid, boolean, text, boolean, int), tenancy.memberships(uuid),
  tenancy.who_is(text, uuid), tenancy.revoke_sign_in(text, uuid, uuid, uuid), tenancy.revoke_user(uuid),
  tenancy.is_revoked(uuid[], timestamptz) to strata_sessions;
grant execute on function tenancy.revocations(), tenancy.is_revoked(uuid[], timestamptz) to strata_guard;
grant execute on function tenancy.revoke_user(uuid) to strata_maintenance;

reset role;
revoke strata_owner from current_user;
