import { jwt } from './support/actors';
import type { Attempt } from './support/attempt';
import type { ActorName } from './support/actors';
import { anns, bobs } from './attacks/attack';

/** Something that somebody may do, and how many rows it returns or changes. */
interface Control extends Attempt {
  readonly rows: number;
}

function control(as: ActorName, name: string, run: Attempt['run'] | string, rows: number): Control {
  return { as, name: `${as}: ${name}`, run: typeof run === 'string' ? () => run : run, rows };
}

/** What must work, so that the attacks do not fail only because everything does. */
export const controls: readonly Control[] = [
  ...anns.flatMap((as) => [
    control(as, 'reads all notes of the tenant', 'select * from app.notes', 3),
    control(as, 'reads all drafts of the tenant as admin', 'select * from app.drafts', 2),
    control(as, 'makes a project', "insert into app.projects (name) values ('New') returning *", 1),
    control(as, 'renames the projects', "update app.projects set name = name || '!'", 2),
    control(
      as,
      'deletes a project with its notes',
      ({ acme }) => `delete from app.projects where id = '${acme.project}' returning *`,
      1,
    ),
    control(
      as,
      'writes a note',
      ({ acme }) =>
        `insert into app.notes (project_id, body) values ('${acme.project}', 'x') returning *`,
      1,
    ),
    control(
      as,
      "changes another member's note as admin",
      ({ bob }) => `update app.notes set body = 'x' where id = '${bob.note}'`,
      1,
    ),
    control(
      as,
      "deletes another member's note as admin",
      ({ bob }) => `delete from app.notes where id = '${bob.note}'`,
      1,
    ),
    control(
      as,
      'gives a note to another member as admin',
      ({ ann, bob }) => `update app.notes set author_id = '${bob.id}' where id = '${ann.note}'`,
      1,
    ),
  ]),
  ...bobs.flatMap((as) => [
    control(as, 'reads all notes of the tenant', 'select * from app.notes', 3),
    control(as, 'reads the projects', 'select * from app.projects', 2),
    control(as, 'reads the own draft', 'select * from app.drafts', 1),
    control(
      as,
      'writes a note',
      ({ acme }) =>
        `insert into app.notes (project_id, body) values ('${acme.project}', 'x') returning *`,
      1,
    ),
    control(as, 'changes every own note', "update app.notes set body = 'x'", 2),
    control(
      as,
      'deletes an own note',
      ({ bob }) => `delete from app.notes where id = '${bob.note}'`,
      1,
    ),
    control(as, 'writes a draft', "insert into app.drafts (title) values ('x') returning *", 1),
  ]),
  control('gus by token', 'reads what is attacked', 'select * from app.notes', 2),
  control('gus by token', 'changes what is attacked', "update app.notes set body = 'x'", 2),
  control('gus by token', 'deletes what is attacked', 'delete from app.projects', 1),
  control(
    'Hasura without a session',
    'reads everything, which its permissions filter',
    'select * from app.notes',
    5,
  ),
  control(
    'the bare authenticator',
    'becomes a tenant',
    ({ gus }) => ['set local role strata_tenant', jwt(gus), 'select * from app.notes'],
    2,
  ),
  control('maintenance', 'reads every tenant', 'select * from app.notes', 5),
  control('maintenance', 'changes every tenant', "update app.notes set body = 'x'", 5),
  control('maintenance', 'reads the registry', 'select * from registry.members', 4),
  control('maintenance', 'renames a tenant', "update registry.tenants set name = 'x'", 2),
  control('the auditor', 'reads the audit log', 'select * from audit.log', 2),
  control(
    'the migrator',
    'reads the ledger',
    "select * from strata.migrations where scope = 'platform' and name = '003_tenancy'",
    1,
  ),
  control(
    'the owner',
    'makes a table',
    'create table app.more (id uuid); select * from app.more',
    0,
  ),
];
