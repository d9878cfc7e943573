import { mutantsOf } from './mutant';

const reports = 'create schema reports authorization strata_owner;';
const wrapper =
  'create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing;';

export const objectMutants = [
  ...mutantsOf(10, [
    [
      'view-as-owner',
      'app.all_notes',
      'a view',
      'create view app.all_notes as select * from app.notes',
    ],
    [
      'view-as-owner',
      't_own.all_notes',
      'a view of a tenant’s own',
      'create view t_own.all_notes as select * from t_own.notes',
    ],
    [
      'view-as-owner',
      'reports.all_notes',
      'a view elsewhere',
      `${reports} create view reports.all_notes as select * from app.notes`,
    ],
    [
      'view-as-owner',
      'app.all_notes',
      'a barrier only',
      'create view app.all_notes with (security_barrier = true) as select * from app.notes',
    ],
    [
      'view-as-owner',
      'app.all_notes',
      'an invoker no more',
      'create view app.all_notes with (security_invoker = true) as select * from app.notes; alter view app.all_notes set (security_invoker = false)',
    ],
    [
      'materialised-view',
      'app.counts',
      'a materialised view',
      'create materialized view app.counts as select count(*) from app.notes; grant select on app.counts to strata_tenant',
    ],
    [
      'foreign-table',
      'app.remote',
      'a foreign table',
      `${wrapper} create foreign table app.remote (body text) server elsewhere; grant select on app.remote to strata_hasura`,
    ],
    [
      'foreign-server',
      'server elsewhere',
      'a foreign server',
      `${wrapper} grant usage on foreign server elsewhere to strata_app`,
    ],
    [
      'user-mapping',
      'server elsewhere',
      'a login elsewhere',
      `${wrapper} create user mapping for public server elsewhere`,
    ],
    [
      'rule',
      'app.notes',
      'a rule',
      'create rule careless as on insert to app.notes do also insert into app.projects (name) values (new.body)',
    ],
  ]),

  ...mutantsOf(11, [
    [
      'part-granted',
      'audit.log_other',
      'a part of the log',
      'grant select on audit.log_other to strata_auditor',
    ],
    [
      'part-granted',
      'app.parted_1',
      'a part of a table',
      `create table app.parted (tenant_id uuid not null, id uuid) partition by hash (id);
       create table app.parted_1 partition of app.parted for values with (modulus 1, remainder 0);
       grant select on app.parted_1 to strata_tenant`,
    ],
    [
      'shown-through',
      'app.notes',
      'a parent elsewhere',
      `${reports} create table reports.all_notes (tenant_id uuid not null); alter table app.notes inherit reports.all_notes`,
    ],
    [
      'shown-through',
      't_own.notes',
      'a table that gathers those of tenants',
      `${reports} create table reports.all_notes (like app.notes) partition by list (tenant_id);
       alter table reports.all_notes attach partition t_own.notes default`,
    ],
    [
      'shown-through',
      'app.notes_child',
      'a child',
      'create table app.notes_child () inherits (app.notes)',
    ],
  ]),

  ...mutantsOf(13, [
    [
      'publication',
      'publication everything',
      'all tables',
      'create publication everything for all tables',
    ],
    [
      'publication',
      'publication careless',
      'a table',
      'create publication careless for table app.notes',
    ],
    [
      'publication',
      'publication careless',
      'a schema',
      'create publication careless for tables in schema t_own',
    ],
    [
      'publication',
      'publication careless',
      'the registry',
      'create publication careless for table registry.users',
    ],
    ['replica-identity', 'app.notes', 'whole rows', 'alter table app.notes replica identity full'],
    [
      'replica-identity',
      't_own.notes',
      'whole rows of a tenant’s own',
      'alter table t_own.notes replica identity full',
    ],
    [
      'event-log',
      'hdb_catalog.event_log',
      'Hasura’s events',
      `create schema hdb_catalog authorization strata_hasura; create table hdb_catalog.event_log (payload jsonb);
       alter table hdb_catalog.event_log owner to strata_hasura; grant select on hdb_catalog.event_log to strata_tenant`,
    ],
    [
      'event-log',
      'schema hdb_catalog',
      'Hasura’s schema',
      'create schema hdb_catalog authorization strata_hasura; grant usage on schema hdb_catalog to public',
    ],
    [
      'subscription',
      'subscription inbound',
      'rows from elsewhere',
      `create subscription inbound connection 'dbname=x' publication p with (connect = false)`,
    ],
  ]),
];
