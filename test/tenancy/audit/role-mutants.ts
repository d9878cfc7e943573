import { mutantsOf } from './mutant';

const reporting = 'create role reporting login;';
const other = `t_${'0'.repeat(31)}1`;

export const roleMutants = [
  ...mutantsOf(7, [
    ['role-attribute', 'role strata_app', 'a superuser', 'alter role strata_app superuser'],
    [
      'role-attribute',
      'role strata_maintenance',
      'free of policies',
      'alter role strata_maintenance bypassrls',
    ],
    [
      'role-attribute',
      'role strata_own',
      'a tenant’s role free of policies',
      'alter role strata_own bypassrls',
    ],
    [
      'role-attribute',
      'role strata_hasura',
      'a maker of roles',
      'alter role strata_hasura createrole',
    ],
    [
      'role-attribute',
      'role strata_authenticator',
      'a maker of databases',
      'alter role strata_authenticator createdb',
    ],
    [
      'role-attribute',
      'role strata_dispatcher',
      'a reader of the log',
      'alter role strata_dispatcher replication',
    ],
    [
      'role-attribute',
      'role strata_owner',
      'an owner who logs in',
      'alter role strata_owner login',
    ],
    [
      'tenant-role-login',
      'role strata_own',
      'a tenant’s role that logs in',
      'alter role strata_own login',
    ],
    [
      'membership',
      'role strata_hasura',
      'maintenance',
      'grant strata_maintenance to strata_hasura',
    ],
    ['membership', 'role strata_tenant', 'the owner', 'grant strata_owner to strata_tenant'],
    ['membership', 'role strata_guard', 'all data', 'grant pg_read_all_data to strata_guard'],
    [
      'membership',
      'role strata_app',
      'files of the server',
      'grant pg_read_server_files to strata_app',
    ],
    ['membership', 'role strata_hasura', 'a tenant’s role', 'grant strata_own to strata_hasura'],
    [
      'membership',
      'role reporting',
      'a stranger as maintenance',
      `${reporting} grant strata_maintenance to reporting`,
    ],
    [
      'membership',
      'role reporting',
      'a stranger on the way to the owner',
      `${reporting} grant strata_migrator to reporting`,
    ],
    [
      'membership',
      `role strata_${other}`,
      'one tenant as another',
      `create role strata_${other}; grant strata_own to strata_${other}`,
    ],
    [
      'membership-admin',
      'role strata_authenticator',
      'who may add members',
      'grant strata_tenant to strata_authenticator with admin option',
    ],
    [
      'membership-inherits',
      'role strata_authenticator',
      'a login that inherits',
      `do $$ begin alter role strata_authenticator inherit; if current_setting('server_version_num')::int >= 160000 then
       execute 'grant strata_tenant to strata_authenticator with inherit true'; end if; end $$`,
    ],
    [
      'membership-inherits',
      'role strata_migrator',
      'a migrator that inherits',
      `do $$ begin alter role strata_migrator inherit; if current_setting('server_version_num')::int >= 160000 then
       execute 'grant strata_owner to strata_migrator with inherit true'; end if; end $$`,
    ],
    [
      'setting',
      'role strata_app',
      'a tenant for each session',
      `alter role strata_app set app.tenant_id = '${'0'.repeat(32)}'`,
    ],
    [
      'setting',
      'database strata',
      'the same in the database',
      `alter database strata set request.jwt.claims = '{}'`,
    ],
    [
      'setting',
      'role strata_app',
      'the same in one database',
      `alter role strata_app in database strata set hasura."user" = '{}'`,
    ],
    [
      'setting',
      'role strata_hasura',
      'no triggers',
      'alter role strata_hasura set session_replication_role = replica',
    ],
    [
      'setting',
      'role strata_authenticator',
      'whose names are meant',
      `alter role strata_authenticator set search_path = public, app`,
    ],
    ['ownership', 'role strata_app', 'a table', 'alter table app.notes owner to strata_app'],
    [
      'ownership',
      'role strata_hasura',
      'a function',
      'alter function tenancy.is_tenant_admin() owner to strata_hasura',
    ],
    ['ownership', 'role strata_own', 'the schema', 'alter schema t_own owner to strata_own'],
    [
      'foreign-owner',
      'app.notes',
      'a superuser’s table',
      'alter table app.notes owner to postgres',
    ],
    ['foreign-owner', 'app', 'a superuser’s schema', 'alter schema app owner to postgres'],
  ]),
];
