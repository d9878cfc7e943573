import { mutantsOf } from './mutant';

export const placeMutants = [
  ...mutantsOf(15, [
    [
      'table-undeclared',
      'app.secret',
      'a table that nobody declared',
      'create table app.secret (tenant_id uuid not null)',
    ],
    [
      'table-undeclared',
      't_own.secret',
      'one that is granted',
      'create table t_own.secret (tenant_id uuid not null); grant select on t_own.secret to strata_own',
    ],
    ['table-absent', 't_own.notes', 'a table that is gone', 'drop table t_own.notes'],
    [
      'ledger-changed',
      'platform/003_tenancy',
      'a text that changed',
      `update strata.migrations set sha256 = repeat('0', 64) where name = '003_tenancy'`,
    ],
    [
      'ledger-behind',
      'app/001_projects_and_notes',
      'a file that was not applied',
      `delete from strata.migrations where scope = 'app' and name = '001_projects_and_notes'`,
    ],
    [
      'ledger-behind',
      't_own/001_projects_and_notes',
      'one place that is behind',
      `delete from strata.migrations where scope = 't_own' and name = '001_projects_and_notes'`,
    ],
    [
      'ledger-unknown',
      'platform/099_unseen',
      'a file that is not there',
      `insert into strata.migrations (scope, name, sha256, duration_ms) values ('platform', '099_unseen', repeat('0', 64), 1)`,
    ],
    [
      'place-absent',
      'tenant acme',
      'a schema that was never made',
      `update registry.tenants set model = 'schema' where slug = 'acme'`,
    ],
    [
      'place-absent',
      'tenant acme',
      'a database that was never made',
      `update registry.tenants set model = 'database' where slug = 'acme'`,
    ],
    ['role-differs', 'tenant initech', 'a role of another model', 'alter role strata_own login'],
    [
      'role-differs',
      'tenant umbrella',
      'a suspended tenant whose login is open',
      `update registry.tenants set status = 'suspended' where slug = 'umbrella'`,
    ],
    [
      'role-differs',
      'tenant umbrella',
      'a login that is closed',
      'alter role strata_d_own nologin',
    ],
    [
      'orphan',
      'schema t_own',
      'a schema that nobody has',
      `update registry.tenants set model = 'shared' where slug = 'initech'`,
    ],
    [
      'orphan',
      'database d_own',
      'a database that nobody has',
      `update registry.tenants set model = 'shared' where slug = 'umbrella'`,
    ],
    [
      'orphan',
      `role strata_t_${'0'.repeat(32)}`,
      'a role that nobody has',
      `create role strata_t_${'0'.repeat(32)}`,
    ],
  ]),
];
