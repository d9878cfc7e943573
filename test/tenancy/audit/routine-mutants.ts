import { mutantsOf } from './mutant';

const definer = (schema: string, more = ''): string =>
  `create function ${schema}.careless() returns bigint language sql security definer ${more} as 'select 1::bigint';
   revoke all on function ${schema}.careless() from public;`;
export const routineMutants = [
  ...mutantsOf(9, [
    [
      'definer-unpinned',
      'audit.record()',
      'the search_path',
      'alter function audit.record() reset search_path',
    ],
    [
      'definer-unpinned',
      'audit.record()',
      'a search_path for all',
      'alter function audit.record() set search_path = public',
    ],
    [
      'definer-unpinned',
      'audit.record()',
      'a search_path of the user',
      'alter function audit.record() set search_path = "$user", app',
    ],
    [
      'definer-unpinned',
      'audit.record()',
      'temporary objects first',
      'alter function audit.record() set search_path = pg_temp, app',
    ],
    [
      'definer-unpinned',
      'app.careless()',
      'a new function',
      `${definer('app')} alter function app.careless() owner to strata_owner`,
    ],
    [
      'definer-owner',
      'audit.record()',
      'a superuser’s rights',
      'alter function audit.record() owner to postgres',
    ],
    [
      'definer-owner',
      'app.careless()',
      'a new function of a superuser',
      definer('app', `set search_path = ''`),
    ],
    [
      'definer-owner',
      'strata.make_tenant_role(uuid,text)',
      'the maker of roles',
      'grant execute on function strata.make_tenant_role(uuid, text) to strata_app',
    ],
    [
      'public-execute',
      'tenancy.find_tenant(uuid)',
      'everybody',
      'grant execute on function tenancy.find_tenant(uuid) to public',
    ],
    [
      'public-execute',
      'tenancy.table_problems(regclass)',
      'everybody, of a whole schema',
      'grant execute on all functions in schema tenancy to public',
    ],
    [
      'public-execute',
      'audit.record()',
      'everybody, a trigger',
      'grant execute on function audit.record() to public',
    ],
    [
      'definer-grant',
      'outbox.claim(text[],integer,interval,integer)',
      'events for tenants',
      'grant execute on function outbox.claim(text[], int, interval, int) to strata_tenant',
    ],
    [
      'definer-grant',
      'realtime.since(pg_snapshot,integer)',
      'changes for tenants',
      'grant execute on function realtime.since(pg_snapshot, int) to strata_tenant',
    ],
    [
      'definer-grant',
      'tenancy.verify_api_key(uuid,bytea)',
      'keys for tenants',
      'grant execute on function tenancy.verify_api_key(uuid, bytea) to strata_hasura',
    ],
    [
      'definer-grant',
      'audit.forget(uuid)',
      'forgetting',
      'grant execute on function audit.forget(uuid) to strata_app',
    ],
    [
      'leakproof',
      'app.leaky(text)',
      'LEAKPROOF',
      `create function app.leaky(text) returns boolean language plpgsql leakproof set search_path = '' as
       'begin raise notice ''%'', $1; return true; end'; revoke all on function app.leaky(text) from public`,
    ],
  ]),

  ...mutantsOf(9, [
    [
      'function-setting',
      'tenancy.is_tenant_member()',
      'a tenant while it runs',
      `alter function tenancy.is_tenant_member() set app.role = 'admin'`,
    ],
    [
      'function-setting',
      'app.careless()',
      'another role while it runs',
      `create function app.careless() returns text language sql set search_path = '' set role = 'strata_maintenance' as 'select ''''';
       revoke all on function app.careless() from public; alter function app.careless() owner to strata_owner`,
    ],
  ]),
];
