import { mutantsOf } from './mutant';

export const keyMutants = [
  ...mutantsOf(12, [
    [
      'primary-across',
      'app.notes',
      'a primary key without the tenant',
      'alter table app.notes drop constraint notes_pkey, add primary key (id)',
    ],
    [
      'primary-across',
      'app.notes',
      'a primary key that ends with the tenant',
      'alter table app.notes drop constraint notes_pkey, add primary key (id, tenant_id)',
    ],
    ['unique-across', 'app.projects', 'a unique key', 'alter table app.projects add unique (name)'],
    [
      'unique-across',
      't_own.projects',
      'a unique key of a tenant’s own',
      'alter table t_own.projects add unique (name)',
    ],
    [
      'unique-across',
      'app.projects',
      'a unique index',
      'create unique index careless on app.projects (name)',
    ],
    [
      'unique-across',
      'app.projects',
      'a unique expression',
      'create unique index careless on app.projects (lower(name))',
    ],
    [
      'unique-across',
      'app.notes',
      'a unique index with a condition',
      `create unique index careless on app.notes (body) where body <> ''`,
    ],
    [
      'unique-across',
      'storage.files',
      'a unique key of files',
      'alter table storage.files add unique (name)',
    ],
    [
      'exclusion-across',
      'app.notes',
      'an exclusion',
      'alter table app.notes add exclude using hash (body with =)',
    ],
    [
      'reference-across',
      'app.notes',
      'a reference without the tenant',
      `alter table app.projects add constraint careless unique (id);
       alter table app.notes drop constraint notes_project, add foreign key (project_id) references app.projects (id) on delete cascade`,
    ],
    [
      'reference-across',
      'app.notes',
      'a reference to users',
      'alter table app.notes drop constraint notes_author, add foreign key (author_id) references registry.users on delete set null',
    ],
    [
      'reference-unvalidated',
      'app.notes',
      'a reference that was not validated',
      `alter table app.notes drop constraint notes_project,
       add foreign key (tenant_id, project_id) references app.projects on delete cascade not valid`,
    ],
    [
      'reference-leaves',
      't_own.notes',
      'a reference out of the schema',
      'alter table t_own.notes add constraint careless foreign key (tenant_id, project_id) references app.projects',
    ],
    [
      'tenant-unreferenced',
      'app.projects',
      'the reference to the tenant',
      'alter table app.projects drop constraint projects_tenant_id_fkey',
    ],
    [
      'counter',
      'app.notes',
      'an identity',
      'alter table app.notes add column number bigint generated always as identity',
    ],
    ['counter', 'app.notes', 'a serial', 'alter table app.notes add column number bigserial'],
    [
      'key-missing',
      'app.notes',
      'no primary key',
      'alter table app.notes drop constraint notes_pkey',
    ],
  ]),
];
