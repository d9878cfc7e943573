-- Who a session acts for.
--
-- The source of the answer is bound to the login, so what one login's clients can set means nothing to another's:
--   strata_authenticator  request.jwt.claims: the verified token, as JSON, below 'https://hasura.io/jwt/claims'
--   strata_hasura         hasura.user: set by Hasura in mutations only
--   strata_app            app.tenant_id, app.user_id, app.role; app.scopes of an API key
--   strata_t_<id>         request.jwt.claims, and only of the tenant with that id: the login to its own database
-- Any other login acts for nobody. A setting that was local to a transaction reads '' afterwards, hence nullif.
-- The first body is parsed here and now (return …), the others have a search_path of their own, so a session's cannot
-- change what they mean. The others are not SQL: the planner would write such a body into each statement anew, at ten
-- times the cost of calling a function that is planned once in a session (npm run bench -- tenancy).

create function tenancy.session_claims() returns jsonb
language sql stable parallel safe
return case session_user
  when 'strata_authenticator' then
    nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'https://hasura.io/jwt/claims'
  when 'strata_hasura' then
    nullif(current_setting('hasura.user', true), '')::jsonb
  when 'strata_app' then
    nullif(jsonb_strip_nulls(jsonb_build_object(
      'x-hasura-tenant-id', nullif(current_setting('app.tenant_id', true), ''),
      'x-hasura-user-id', nullif(current_setting('app.user_id', true), ''),
      'x-hasura-role', 'tenant_' || nullif(current_setting('app.role', true), ''),
      'x-hasura-scopes', nullif(current_setting('app.scopes', true), '')
    )), '{}')
  else case
    when session_user = 'strata_t_' || replace(nullif(current_setting('request.jwt.claims', true), '')::jsonb
      -> 'https://hasura.io/jwt/claims' ->> 'x-hasura-tenant-id', '-', '')
    then nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'https://hasura.io/jwt/claims'
  end
end;
comment on function tenancy.session_claims() is
  'Claims of the session, from the source that belongs to its login; null without any';

create function tenancy.has_claims() returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return tenancy.session_claims() is not null;
end
$$;
comment on function tenancy.has_claims() is
  'False where nothing says whom the session acts for: Hasura''s queries, which its permissions filter';

create function tenancy.current_tenant_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return (tenancy.session_claims() ->> 'x-hasura-tenant-id')::uuid;
end
$$;
comment on function tenancy.current_tenant_id() is
  'The tenant that the session acts for; null without one, an error when the claim is no uuid';

create function tenancy.current_user_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return (tenancy.session_claims() ->> 'x-hasura-user-id')::uuid;
end
$$;
comment on function tenancy.current_user_id() is
  'The user that the session acts for; null without one, an error when the claim is no uuid';

create function tenancy.current_member_role() returns text
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return case tenancy.session_claims() ->> 'x-hasura-role'
    when 'tenant_admin' then 'admin'
    when 'tenant_member' then 'member'
  end;
end
$$;
comment on function tenancy.current_member_role() is
  'admin or member of the current tenant; null for any other role, Hasura''s own admin among them';

create function tenancy.is_tenant_member() returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return coalesce(tenancy.session_claims() ->> 'x-hasura-role' in ('tenant_admin', 'tenant_member'), false);
end
$$;
comment on function tenancy.is_tenant_member() is
  'Whether the session acts for a member, admins included, of its tenant';

create function tenancy.is_tenant_admin() returns boolean
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return coalesce(tenancy.session_claims() ->> 'x-hasura-role' = 'tenant_admin', false);
end
$$;
comment on function tenancy.is_tenant_admin() is
  'Whether the session acts for an admin of its tenant';

create function tenancy.member_tenant_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
declare
  claims constant jsonb := tenancy.session_claims();
begin
  return case when claims ->> 'x-hasura-role' in ('tenant_admin', 'tenant_member') then
    (claims ->> 'x-hasura-tenant-id')::uuid
  end;
end
$$;
comment on function tenancy.member_tenant_id() is
  'The tenant of which the session acts for a member, admins included; null for everybody else';

create function tenancy.admin_tenant_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
declare
  claims constant jsonb := tenancy.session_claims();
begin
  return case when claims ->> 'x-hasura-role' = 'tenant_admin' then (claims ->> 'x-hasura-tenant-id')::uuid end;
end
$$;
comment on function tenancy.admin_tenant_id() is
  'The tenant of which the session acts for an admin; null for everybody else';

create function tenancy.refuse_without(what text) returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
begin
  raise exception 'this session acts for no %', what using
    errcode = 'invalid_authorization_specification',
    hint = case session_user
      when 'strata_authenticator' then 'Set request.jwt.claims to the token''s payload in the transaction.'
      when 'strata_hasura' then
        'Hasura sets hasura.user in mutations; the token needs x-hasura-tenant-id and x-hasura-user-id.'
      when 'strata_app' then 'Set app.tenant_id, app.user_id and app.role in the transaction.'
      else format('%s acts for nobody: name the value in each row.', session_user)
    end;
end
$$;
comment on function tenancy.refuse_without(text) is 'Raises the error of a session that acts for nobody';

create function tenancy.require_tenant_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return coalesce(tenancy.current_tenant_id(), tenancy.refuse_without('tenant'));
end
$$;
comment on function tenancy.require_tenant_id() is
  'The tenant that the session acts for, an error without one: the default of every tenant_id';

create function tenancy.require_user_id() returns uuid
language plpgsql stable parallel safe set search_path = '' as $$
begin
  return coalesce(tenancy.current_user_id(), tenancy.refuse_without('user'));
end
$$;
comment on function tenancy.require_user_id() is
  'The user that the session acts for, an error without one: the default of owner columns';

grant execute on all functions in schema tenancy to strata_tenant, strata_isolated, strata_hasura, strata_maintenance;
