-- Who a session acts for.
--
-- The source of the answer is bound to the login, so what one login's clients can set means nothing to another's:
--   strata_authenticator  request.jwt.claims: the verified token, as JSON, below 'https://hasura.io/jwt/claims'
--   strata_hasura         hasura.user: set by Hasura in mutations only
--   strata_app            app.tenant_id, app.user_id, app.role
-- Any other login acts for nobody. A setting that was local to a transaction reads '' afterwards, hence nullif.
-- Bodies are parsed here and now (return …), so a session's search_path cannot change what they mean.

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
      'x-hasura-role', 'tenant_' || nullif(current_setting('app.role', true), '')
    )), '{}')
end;
comment on function tenancy.session_claims() is
  'Claims of the session, from the source that belongs to its login; null without any';

create function tenancy.has_claims() returns boolean
language sql stable parallel safe
return tenancy.session_claims() is not null;
comment on function tenancy.has_claims() is
  'False where nothing says whom the session acts for: Hasura''s queries, which its permissions filter';

create function tenancy.current_tenant_id() returns uuid
language sql stable parallel safe
return (tenancy.session_claims() ->> 'x-hasura-tenant-id')::uuid;
comment on function tenancy.current_tenant_id() is
  'The tenant that the session acts for; null without one, an error when the claim is no uuid';

create function tenancy.current_user_id() returns uuid
language sql stable parallel safe
return (tenancy.session_claims() ->> 'x-hasura-user-id')::uuid;
comment on function tenancy.current_user_id() is
  'The user that the session acts for; null without one, an error when the claim is no uuid';

create function tenancy.current_member_role() returns text
language sql stable parallel safe
return case tenancy.session_claims() ->> 'x-hasura-role'
  when 'tenant_admin' then 'admin'
  when 'tenant_member' then 'member'
end;
comment on function tenancy.current_member_role() is
  'admin or member of the current tenant; null for any other role, Hasura''s own admin among them';

create function tenancy.is_tenant_member() returns boolean
language sql stable parallel safe
return tenancy.current_member_role() is not null;
comment on function tenancy.is_tenant_member() is
  'Whether the session acts for a member, admins included, of its tenant';

create function tenancy.is_tenant_admin() returns boolean
language sql stable parallel safe
return coalesce(tenancy.current_member_role() = 'admin', false);
comment on function tenancy.is_tenant_admin() is
  'Whether the session acts for an admin of its tenant';

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
language sql stable parallel safe
return coalesce(tenancy.current_tenant_id(), tenancy.refuse_without('tenant'));
comment on function tenancy.require_tenant_id() is
  'The tenant that the session acts for, an error without one: the default of every tenant_id';

create function tenancy.require_user_id() returns uuid
language sql stable parallel safe
return coalesce(tenancy.current_user_id(), tenancy.refuse_without('user'));
comment on function tenancy.require_user_id() is
  'The user that the session acts for, an error without one: the default of owner columns';

grant execute on all functions in schema tenancy to strata_tenant, strata_hasura, strata_maintenance;
