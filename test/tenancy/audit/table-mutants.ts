import { mutantsOf } from './mutant';

const reports = 'create schema reports authorization strata_owner;';

export const tableMutants = [
  ...mutantsOf(1, [
    ['rls-off', 'app.notes', 'ENABLE', 'alter table app.notes disable row level security'],
    [
      'rls-off',
      'app.projects',
      'ENABLE of another',
      'alter table app.projects disable row level security',
    ],
    [
      'rls-off',
      't_own.notes',
      'ENABLE in a tenant’s own schema',
      'alter table t_own.notes disable row level security',
    ],
    [
      'rls-off',
      'storage.files',
      'ENABLE of files',
      'alter table storage.files disable row level security',
    ],
    [
      'rls-off',
      'registry.api_keys',
      'ENABLE of API keys',
      'alter table registry.api_keys disable row level security',
    ],
    [
      'rls-off',
      'outbox.events',
      'ENABLE of the outbox',
      'alter table outbox.events disable row level security',
    ],
    [
      'rls-off',
      'realtime.changes',
      'ENABLE of changes',
      'alter table realtime.changes disable row level security',
    ],
    [
      'rls-off',
      'audit.log_other',
      'ENABLE of a part of the log',
      'alter table audit.log_other disable row level security',
    ],
    ['rls-not-forced', 'app.notes', 'FORCE', 'alter table app.notes no force row level security'],
    [
      'rls-not-forced',
      't_own.projects',
      'FORCE in a tenant’s own schema',
      'alter table t_own.projects no force row level security',
    ],
    [
      'rls-not-forced',
      'registry.members',
      'FORCE of the registry',
      'alter table registry.members no force row level security',
    ],
    [
      'rls-off',
      'reports.copies',
      'a copy of rows elsewhere',
      `${reports} create table reports.copies as select * from app.notes`,
    ],
    [
      'rls-off',
      'app.parted_1',
      'a part that is not fenced',
      `create table app.parted (tenant_id uuid not null, id uuid) partition by hash (id);
       alter table app.parted enable row level security, force row level security;
       create table app.parted_1 partition of app.parted for values with (modulus 1, remainder 0)`,
    ],
    [
      'changes-unrecorded',
      'app.notes',
      'a trigger that is off',
      'alter table app.notes disable trigger strata_audit_update',
    ],
    [
      'changes-unrecorded',
      'app.notes',
      'a trigger for replicas only',
      'alter table app.notes enable replica trigger strata_audit_delete',
    ],
    [
      'changes-unrecorded',
      't_own.notes',
      'a trigger that is gone',
      'drop trigger strata_audit_truncate on t_own.notes',
    ],
    [
      'changes-unrecorded',
      'storage.files',
      'a trigger that does something else',
      `drop trigger strata_audit_truncate on storage.files; create function app.nothing() returns trigger language plpgsql set search_path = '' as
       'begin return null; end'; create trigger strata_audit_truncate after truncate on storage.files for each statement execute function app.nothing()`,
    ],
    ['log-changeable', 'audit.log', 'append-only', 'drop trigger append_only on audit.log'],
    [
      'log-changeable',
      'audit.log_other',
      'append-only, off',
      'alter table audit.log_other disable trigger append_only',
    ],
    [
      'log-changeable',
      'audit.log_other',
      'append-only, for updates only',
      `drop trigger append_only on audit.log_other; create trigger append_only before update on audit.log_other
       for each statement execute function audit.refuse_change()`,
    ],
  ]),

  ...mutantsOf(2, [
    [
      'tenant-nullable',
      'app.notes',
      'NOT NULL',
      'alter table app.notes drop constraint notes_pkey; alter table app.notes alter column tenant_id drop not null',
    ],
    [
      'tenant-default',
      'app.notes',
      'the default',
      'alter table app.notes alter column tenant_id drop default',
    ],
    [
      'tenant-default',
      't_own.notes',
      'a default of one’s own',
      'alter table t_own.notes alter column tenant_id set default gen_random_uuid()',
    ],
    [
      'tenant-unindexed',
      'app.notes',
      'the indexes',
      'alter table app.notes drop constraint notes_pkey; drop index app.notes_of_project, app.notes_of_author',
    ],
    [
      'tenant-unindexed',
      'app.notes',
      'an index with a condition only',
      `alter table app.notes drop constraint notes_pkey; drop index app.notes_of_project, app.notes_of_author;
       create index on app.notes (tenant_id) where created_at > '2020-01-01'`,
    ],
    [
      'tenant-missing',
      'app.plain',
      'a table without a tenant',
      'create table app.plain (id uuid primary key)',
    ],
    [
      'tenant-missing',
      't_own.plain',
      'the same in a tenant’s own schema',
      'create table t_own.plain (id uuid primary key)',
    ],
    [
      'tenant-type',
      'app.typed',
      'a tenant that is text',
      'create table app.typed (tenant_id text not null, primary key (tenant_id))',
    ],
  ]),
];
