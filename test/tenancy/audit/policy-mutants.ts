import { member, mutantsOf, P } from './mutant';

const floor = `${P} and ${member}`;

const answer = (name: string, type: string, body: string): string =>
  `create or replace function tenancy.${name}() returns ${type} language sql stable return ${body}`;

export const policyMutants = [
  ...mutantsOf(4, [
    [
      'predicate-true',
      'app.notes',
      'a careless policy',
      'create policy careless on app.notes for select to strata_tenant using (true)',
    ],
    [
      'predicate-true',
      't_own.notes',
      'one of a tenant’s own',
      'create policy careless on t_own.notes for select to strata_own using (true)',
    ],
    [
      'predicate-open',
      'app.notes',
      'any member',
      `alter policy tenant_read on app.notes using (${member})`,
    ],
    [
      'predicate-open',
      'app.notes',
      'no tenant is any tenant',
      `alter policy tenant_read on app.notes using ((select tenancy.current_tenant_id()) is null or ${P})`,
    ],
    [
      'predicate-open',
      'app.notes',
      'coalesce with the row',
      'alter policy tenant_delete on app.notes using (tenant_id = coalesce((select tenancy.current_tenant_id()), tenant_id))',
    ],
    [
      'predicate-open',
      'app.notes',
      'a branch beside the tenant',
      `alter policy tenant_read on app.notes using ((${P} and ${member}) or body like '%public%')`,
    ],
    [
      'predicate-open',
      'app.notes',
      'Hasura’s branch for tenants',
      `alter policy tenant_read on app.notes using (not (select tenancy.has_claims()) or ${P})`,
    ],
    [
      'predicate-open',
      'app.notes',
      'Hasura’s branch in a write',
      `alter policy hasura_update on app.notes using (not (select tenancy.has_claims()) or ${P})`,
    ],
    [
      'predicate-open',
      'app.notes',
      'a constant tenant where all share',
      `create policy careless on app.notes for select to strata_tenant using (tenant_id = '00000000-0000-4000-8000-000000000000')`,
    ],
    [
      'predicate-open',
      'app.notes',
      'not the tenant',
      `alter policy tenant_read on app.notes using (not (${P}))`,
    ],
    [
      'predicate-open',
      'storage.files',
      'files that are public',
      `alter policy tenant_read on storage.files using (${P} or visibility = 'public')`,
    ],
    [
      'policy-for-everybody',
      'app.notes',
      'a policy for everybody',
      `create policy careless on app.notes for select using (${P})`,
    ],
    [
      'predicate-true',
      'app.notes',
      'a policy for another login',
      'create policy careless on app.notes for select to strata_auditor using (true)',
    ],
    [
      'predicate-true',
      'registry.users',
      'the registry',
      'create policy careless on registry.users for select to strata_tenant using (true)',
    ],
    [
      'predicate-true',
      'outbox.events',
      'the owner in any session',
      'create policy careless on outbox.events to strata_owner using (true)',
    ],
    [
      'predicate-true',
      'realtime.changes',
      'the owner in any session, of changes',
      'create policy careless on realtime.changes to strata_owner using (true)',
    ],
    [
      'predicate-open',
      'registry.api_keys',
      'the owner in all sessions but one',
      `create policy careless on registry.api_keys to strata_owner using ((select session_user) <> 'strata_app')`,
    ],
    [
      'answer-constant',
      'tenancy.is_tenant_member()',
      'who is a member',
      answer('is_tenant_member', 'boolean', 'true'),
    ],
    [
      'answer-constant',
      'tenancy.is_tenant_admin()',
      'who is an admin',
      answer('is_tenant_admin', 'boolean', 'true'),
    ],
    [
      'answer-constant',
      'tenancy.has_claims()',
      'who has claims',
      answer('has_claims', 'boolean', 'false'),
    ],
    [
      'answer-constant',
      'tenancy.member_tenant_id()',
      'whose member it is',
      answer(
        'member_tenant_id',
        'uuid',
        `nullif(current_setting('app.tenant_id', true), '')::uuid`,
      ),
    ],
    [
      'answer-constant',
      'tenancy.admin_tenant_id()',
      'whose admin it is',
      `create or replace function tenancy.admin_tenant_id() returns uuid language plpgsql stable set search_path = '' as
        $$ begin /* tenancy.session_claims() */ return nullif(current_setting('app.tenant_id', true), '')::uuid; end $$`,
    ],
    [
      'answer-constant',
      'tenancy.current_tenant_id()',
      'whose session it is',
      answer(
        'current_tenant_id',
        'uuid',
        `nullif(current_setting('app.tenant_id', true), '')::uuid`,
      ),
    ],
    [
      'answer-constant',
      'tenancy.is_tenant_member()',
      'a member without a role',
      answer(
        'is_tenant_member',
        'boolean',
        'tenancy.current_member_role() is not null or tenancy.has_claims()',
      ),
    ],
  ]),

  ...mutantsOf(5, [
    [
      'check-open',
      'app.notes',
      'the check of updates',
      'alter policy tenant_update on app.notes with check (true)',
    ],
    [
      'check-open',
      'app.notes',
      'the check of inserts',
      'alter policy tenant_insert on app.notes with check (true)',
    ],
    [
      'check-open',
      'app.projects',
      'the tenant in Hasura’s inserts',
      `alter policy hasura_insert on app.projects with check (${member})`,
    ],
    [
      'check-open',
      't_own.notes',
      'the check of a tenant’s own',
      'alter policy tenant_update on t_own.notes with check (true)',
    ],
    [
      'check-open',
      'storage.files',
      'the check of files',
      `alter policy tenant_insert on storage.files with check (status = 'pending')`,
    ],
    [
      'check-open',
      'app.notes',
      'a check that null passes',
      `alter policy tenant_insert on app.notes with check ((select tenancy.current_tenant_id()) is null or ${P})`,
    ],
    [
      'check-missing',
      'app.notes',
      'no check of updates',
      `drop policy tenant_update on app.notes; create policy tenant_update on app.notes for update to strata_tenant using (${floor})`,
    ],
    [
      'check-missing',
      'app.notes',
      'no check in a policy for all',
      `create policy careless on app.notes to strata_tenant using (${floor})`,
    ],
  ]),
];
