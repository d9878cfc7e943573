import { mutantsOf, P } from './mutant';

const payload = `nullif(current_setting('request.jwt.claims', true), '')::jsonb`;
const token = `(${payload} -> 'https://hasura.io/jwt/claims')`;
const mutation = `nullif(current_setting('hasura.user', true), '')::jsonb`;
const backend = `nullif(jsonb_strip_nulls(jsonb_build_object('x-hasura-tenant-id', nullif(current_setting('app.tenant_id', true), ''),
  'x-hasura-user-id', nullif(current_setting('app.user_id', true), ''), 'x-hasura-role', 'tenant_' || nullif(current_setting('app.role', true), ''),
  'x-hasura-scopes', nullif(current_setting('app.scopes', true), ''))), '{}')`;
const own = `case when session_user = 'strata_t_' || replace(${token} ->> 'x-hasura-tenant-id', '-', '') then ${token} end`;

/** The function of the session's claims, with other sources. */
function claims(authenticator: string, hasura: string, app: string, other = own): string {
  return `create or replace function tenancy.session_claims() returns jsonb language sql stable return case session_user
    when 'strata_authenticator' then ${authenticator} when 'strata_hasura' then ${hasura} when 'strata_app' then ${app} else ${other} end`;
}

export const functionMutants = [
  ...mutantsOf(6, [
    [
      'call-unwrapped',
      'app.notes',
      'a call for each row',
      `alter policy tenant_read on app.notes using (tenant_id = tenancy.current_tenant_id())`,
    ],
    [
      'call-unwrapped',
      'app.notes',
      'a setting for each row',
      `alter policy tenant_read on app.notes using (${P} and current_setting('app.beta', true) is null)`,
    ],
    [
      'call-of-row',
      'app.notes',
      'a function of the row',
      `create function tenancy.may(tenant uuid) returns boolean language sql stable return tenant = tenancy.current_tenant_id();
       alter policy tenant_read on app.notes using (${P} and tenancy.may(tenant_id))`,
    ],
    [
      'call-of-row',
      'app.notes',
      'a function of the row in a subquery',
      `create function tenancy.may(tenant uuid) returns boolean language sql stable return tenant = tenancy.current_tenant_id();
       alter policy tenant_read on app.notes using (${P} and (select tenancy.may(tenant_id)))`,
    ],
    [
      'subquery-of-rows',
      'app.notes',
      'in (select f())',
      `create function tenancy.mine() returns setof uuid language sql stable set search_path = '' as 'select tenancy.current_tenant_id()';
       alter policy tenant_read on app.notes using (${P} and tenant_id in (select tenancy.mine()))`,
    ],
    [
      'subquery-of-rows',
      'app.notes',
      'any (array(select f()))',
      `create function tenancy.mine() returns setof uuid language sql stable set search_path = '' as 'select tenancy.current_tenant_id()';
       alter policy tenant_read on app.notes using (${P} and tenant_id = any (array(select tenancy.mine())))`,
    ],
    [
      'subquery-of-rows',
      'app.notes',
      'exists',
      `alter policy tenant_read on app.notes using (${P} and exists (select from app.projects p where p.tenant_id = notes.tenant_id))`,
    ],
    [
      'call-volatile',
      'app.notes',
      'chance',
      `alter policy tenant_read on app.notes using (${P} and random() >= 0)`,
    ],
    [
      'function-volatile',
      'tenancy.current_tenant_id()',
      'volatility',
      'alter function tenancy.current_tenant_id() volatile',
    ],
    [
      'function-volatile',
      'tenancy.session_claims()',
      'volatility further down',
      'alter function tenancy.session_claims() volatile',
    ],
    [
      'function-unpinned',
      'app.allowed()',
      'a body that the search_path changes',
      `create function app.allowed() returns boolean language sql stable as 'select true'; alter function app.allowed() owner to strata_owner;
       revoke all on function app.allowed() from public;
       alter policy tenant_read on app.notes using (${P} and (select app.allowed()))`,
    ],
    [
      'function-owner',
      'tenancy.is_tenant_member()',
      'who may change it',
      'alter function tenancy.is_tenant_member() owner to postgres',
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'the source of a token',
      claims(`coalesce(${backend}, ${token})`, mutation, backend),
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'the source of Hasura',
      claims(token, `coalesce(${token}, ${mutation})`, backend),
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'the source of a backend',
      claims(token, mutation, `coalesce(${backend}, ${token})`),
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'the namespace of claims',
      claims(payload, mutation, backend),
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'the source of any login',
      claims(token, mutation, backend, token),
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'a source that no login has',
      `create or replace function tenancy.session_claims() returns jsonb language sql stable return ${token}`,
    ],
    [
      'claims-source',
      'tenancy.session_claims()',
      'whose rights it has',
      `alter function tenancy.session_claims() security definer set search_path = ''`,
    ],
  ]),
];
