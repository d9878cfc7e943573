import { setting } from '../support/actors';
import type { Attack } from '../support/verdict';
import { attack, bobs, denied } from './attack';

/** What a mere member tries with the rows of others in the same tenant. */
export const members: readonly Attack[] = bobs.flatMap((as) => [
  attack(
    as,
    "changes another member's note",
    ({ ann }) => `update app.notes set body = 'x' where id = '${ann.note}'`,
    'nothing',
  ),
  attack(
    as,
    "deletes another member's note",
    ({ ann }) => `delete from app.notes where id = '${ann.note}'`,
    'nothing',
  ),
  attack(as, 'changes every note', "update app.notes set body = 'x'", 'clean'),
  attack(as, 'deletes every note', 'delete from app.notes', 'clean'),
  attack(
    as,
    "writes in another member's name",
    ({ acme, ann }) =>
      `insert into app.notes (project_id, author_id, body) values ('${acme.project}', '${ann.id}', 'x')`,
    denied,
  ),
  attack(
    as,
    "writes in nobody's name",
    ({ acme }) =>
      `insert into app.notes (project_id, author_id, body) values ('${acme.project}', null, 'x')`,
    denied,
  ),
  attack(
    as,
    'gives a note to another member',
    ({ ann, bob }) => `update app.notes set author_id = '${ann.id}' where id = '${bob.note}'`,
    denied,
  ),
  attack(
    as,
    "overwrites another member's note by a conflict",
    ({ acme, ann, bob }) =>
      `insert into app.notes (id, project_id, author_id, body) values ('${ann.note}', '${acme.project}', '${bob.id}', 'x')
     on conflict (tenant_id, id) do update set body = 'x'`,
    denied,
  ),
  attack(as, 'makes a project', "insert into app.projects (name) values ('x')", denied),
  attack(as, 'renames a project', "update app.projects set name = 'x'", 'nothing'),
  attack(as, 'deletes a project', 'delete from app.projects', 'nothing'),
  attack(
    as,
    "reads another member's draft",
    ({ ann }) => `select * from app.drafts where author_id = '${ann.id}'`,
    'nothing',
  ),
  attack(as, 'counts the drafts', 'select count(*) from app.drafts', { value: 1 }),
  attack(
    as,
    "changes another member's draft",
    ({ ann }) => `update app.drafts set title = 'x' where id = '${ann.draft}'`,
    'nothing',
  ),
  attack(
    as,
    "deletes another member's draft",
    ({ ann }) => `delete from app.drafts where id = '${ann.draft}'`,
    'nothing',
  ),
  attack(
    as,
    "writes a draft in another member's name",
    ({ ann }) => `insert into app.drafts (author_id, title) values ('${ann.id}', 'x')`,
    denied,
  ),
  attack(
    as,
    'reads the other tenant',
    ({ globex }) => `select * from app.notes where tenant_id = '${globex.id}'`,
    'nothing',
  ),
  ...(as === 'bob by backend'
    ? []
    : [
        attack(
          as,
          "becomes an admin by a backend's setting",
          () => [setting('app.role', 'admin'), 'delete from app.projects'],
          'nothing',
        ),
      ]),
]);
