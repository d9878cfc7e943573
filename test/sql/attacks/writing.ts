import type { Attack } from '../support/verdict';
import { anns, attack, denied, noSuchRow } from './attack';

const ann = 'ann by token';

/** Changing rows of the other tenant, and finding out about them by violations. */
export const writing: readonly Attack[] = [
  ...anns.flatMap((as) => [
    attack(
      as,
      'writes a note into the other tenant',
      ({ globex, ann }) =>
        `insert into app.notes (tenant_id, project_id, author_id, body) values ('${globex.id}', '${globex.project}', '${ann.id}', 'x')`,
      denied,
    ),
    attack(
      as,
      'writes a note as a foreign user',
      ({ globex, gus }) =>
        `insert into app.notes (tenant_id, project_id, author_id, body) values ('${globex.id}', '${globex.project}', '${gus.id}', 'x')`,
      denied,
    ),
    attack(
      as,
      'makes a project in the other tenant',
      ({ globex }) => `insert into app.projects (tenant_id, name) values ('${globex.id}', 'x')`,
      denied,
    ),
    attack(
      as,
      'writes a draft for a foreign user',
      ({ globex, gus }) =>
        `insert into app.drafts (tenant_id, author_id, title) values ('${globex.id}', '${gus.id}', 'x')`,
      denied,
    ),
    attack(
      as,
      'changes the notes of the other tenant',
      ({ globex }) => `update app.notes set body = 'x' where tenant_id = '${globex.id}'`,
      'nothing',
    ),
    attack(
      as,
      'changes the projects of the other tenant',
      ({ globex }) => `update app.projects set name = 'x' where tenant_id = '${globex.id}'`,
      'nothing',
    ),
    attack(as, 'changes every note', "update app.notes set body = 'x' returning tenant_id", 'own'),
    attack(as, 'changes every note without reading', "update app.notes set body = 'x'", 'clean'),
    attack(
      as,
      'gives a note to the other tenant',
      ({ globex, ann }) =>
        `update app.notes set tenant_id = '${globex.id}' where id = '${ann.note}'`,
      denied,
    ),
    attack(
      as,
      'gives a draft to the other tenant',
      ({ globex, gus }) =>
        `update app.drafts set tenant_id = '${globex.id}', author_id = '${gus.id}'`,
      denied,
    ),
    attack(
      as,
      'moves a project',
      ({ acme, globex }) =>
        `update app.projects set tenant_id = '${globex.id}' where id = '${acme.project}'`,
      denied,
    ),
    attack(
      as,
      'deletes the notes of the other tenant',
      ({ globex }) => `delete from app.notes where tenant_id = '${globex.id}'`,
      'nothing',
    ),
    attack(
      as,
      'deletes a foreign project by its id',
      ({ globex }) => `delete from app.projects where id = '${globex.project}'`,
      'nothing',
    ),
    attack(as, 'deletes every note', 'delete from app.notes returning tenant_id', 'own'),
    attack(as, 'deletes every note without reading', 'delete from app.notes', 'clean'),
    attack(as, 'deletes everything without reading', 'delete from app.projects', 'clean'),
    attack(
      as,
      'moves every project, emptied',
      ({ globex }) => [
        'delete from app.notes',
        `update app.projects set tenant_id = '${globex.id}'`,
      ],
      denied,
    ),
    attack(as, 'truncates the notes', 'truncate app.notes', denied),
    attack(as, 'truncates everything', 'truncate app.projects cascade', denied),
    attack(
      as,
      'overwrites a foreign note by a conflict',
      ({ globex, gus }) =>
        `insert into app.notes (tenant_id, id, project_id, author_id, body) values ('${globex.id}', '${gus.note}', '${globex.project}', '${gus.id}', 'x')
       on conflict (tenant_id, id) do update set body = 'x'`,
      denied,
    ),
    attack(
      as,
      'hangs a note on a foreign project',
      ({ globex, ann }) =>
        `insert into app.notes (project_id, author_id, body) values ('${globex.project}', '${ann.id}', 'x')`,
      noSuchRow,
    ),
    attack(
      as,
      'moves a note to a foreign project',
      ({ globex }) => `update app.notes set project_id = '${globex.project}'`,
      noSuchRow,
    ),
    attack(
      as,
      'names a foreign user as the author',
      ({ gus }) => `update app.notes set author_id = '${gus.id}'`,
      noSuchRow,
    ),
  ]),
  attack(
    ann,
    'merges into the other tenant',
    ({ globex, ann }) =>
      `merge into app.notes n using (values ('${globex.id}'::uuid)) v (t) on n.tenant_id = v.t
     when not matched then insert (tenant_id, project_id, author_id, body) values (v.t, '${globex.project}', '${ann.id}', 'x')`,
    denied,
  ),
  attack(
    ann,
    'merges over a foreign note',
    ({ gus }) =>
      `merge into app.notes n using (values ('${gus.note}'::uuid)) v (id) on n.id = v.id when matched then update set body = 'x'`,
    'nothing',
  ),
  attack(
    ann,
    'merges a foreign note away',
    ({ gus }) =>
      `merge into app.notes n using (values ('${gus.note}'::uuid)) v (id) on n.id = v.id when matched then delete`,
    'nothing',
  ),
  attack(
    ann,
    'deletes in a CTE',
    ({ globex }) =>
      `with gone as (delete from app.notes where tenant_id = '${globex.id}' returning *) select * from gone`,
    'nothing',
  ),
  attack(
    ann,
    'deletes by a join',
    ({ globex }) =>
      `delete from app.notes n using app.projects p where p.id = '${globex.project}' and n.project_id = p.id`,
    'nothing',
  ),
  attack(
    ann,
    'copies foreign texts into a note of hers',
    ({ globex }) =>
      `update app.notes n set body = f.body from app.notes f where f.tenant_id = '${globex.id}' returning n.*`,
    'nothing',
  ),
  attack(
    ann,
    'copies foreign rows',
    ({ globex }) =>
      `insert into app.notes (project_id, body) select project_id, body from app.notes where tenant_id = '${globex.id}'`,
    'nothing',
  ),
  attack(ann, 'copies rows in', 'copy app.notes from stdin', { refused: ['0A000'] }),
  attack(
    ann,
    'writes through a view that runs as its owner',
    ({ gus }) => `update app.careless_notes set body = 'x' where id = '${gus.note}'`,
    denied,
  ),

  attack(
    ann,
    'takes the key of a foreign note',
    ({ acme, gus }) =>
      `insert into app.notes (id, project_id, body) values ('${gus.note}', '${acme.project}', 'x') returning tenant_id`,
    'own',
  ),
  attack(
    ann,
    'asks by a conflict of keys',
    ({ acme, gus }) =>
      `with made as (insert into app.notes (id, project_id, body) values ('${gus.note}', '${acme.project}', 'x') on conflict do nothing returning 1)
     select count(*) from made`,
    { value: 1 },
  ),
  attack(
    ann,
    'takes the name of a foreign project',
    ({ globex }) =>
      `insert into app.projects (name) values ('${globex.projectName}') returning tenant_id`,
    'own',
  ),
  attack(
    ann,
    'asks by a conflict of names',
    ({ globex }) =>
      `with made as (insert into app.projects (name) values ('${globex.projectName}') on conflict do nothing returning 1) select count(*) from made`,
    { value: 1 },
  ),
];
