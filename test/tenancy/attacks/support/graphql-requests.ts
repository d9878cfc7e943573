import fc from 'fast-check';
import type { Session } from '../../../../components/services/images/shared/token';
import { models, type Model } from '../../../../components/tenancy/places';
import { projectTitle, row, tenant, user } from './heard';
import { attackers, people, type Kind } from './names';

/** One request of A. */
export interface Request {
  readonly name: string;
  readonly model: Model;
  readonly session: Session;
  readonly text: string;
}

type Asker = Omit<Request, 'text'>;

const askers: readonly Asker[] = models.flatMap((model) => {
  const tenantId = attackers[model].id;
  const session = (userId: string, role: Session['role'], scopes?: readonly string[]): Session => ({
    tenantId,
    userId,
    role,
    scopes,
  });
  return [
    { name: `${model}: ann`, model, session: session(people.ann, 'tenant_admin') },
    { name: `${model}: bob`, model, session: session(people.bob, 'tenant_member') },
    {
      name: `${model}: a key that reads`,
      model,
      session: session(people.ann, 'tenant_admin', ['graphql:read']),
    },
  ];
});

/** Arbitrary requests; nothing is asked for, or ordered, by an id or a time which the database chose. */
export function anyRequest(): fc.Arbitrary<Request> {
  return fc
    .tuple(fc.constantFrom(...askers), fc.oneof(queries(), mutations()))
    .map(([asker, text]) => ({ ...asker, text }));
}

const note = '{ rowId tenantId authorId body project { name } }';
const paper = '{ rowId tenantId body tenantFolder { name } }';

function queries(): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof(lists(), singles()), { minLength: 1, maxLength: 3 })
    .map((fields) => `{ ${fields.map((field, at) => `f${String(at)}: ${field}`).join(' ')} }`);
}

function lists(): fc.Arbitrary<string> {
  const order = fc.constantFrom(
    'PRIMARY_KEY_ASC',
    'PRIMARY_KEY_DESC',
    'ROW_ID_DESC',
    '[PROJECT_ID_ASC, ROW_ID_ASC]',
  );
  const paging = fc.oneof(
    fc.constantFrom('', 'first: 2, ', 'last: 1, ', 'first: 1, offset: 1, ', 'offset: 3, '),
    fc
      .tuple(fc.constantFrom('after', 'before'), row('notes'), tenant)
      .map(([which, id, t]) => `${which}: "cursor:${t}:${id}", `),
  );
  const shape = `{ totalCount nodes ${note} edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
  return fc.oneof(
    fc.tuple(paging, order).map(([page, by]) => `notes(${page}orderBy: ${by}) ${shape}`),
    fc
      .tuple(paging, conditions())
      .map(([page, condition]) => `notes(${page}condition: ${condition}) ${shape}`),
    fc.constant(
      'projects(orderBy: NAME_ASC) { totalCount nodes { name notes { totalCount nodes { body } } } }',
    ),
    fc
      .tuple(tenant, row('projects'))
      .map(
        ([t, p]) =>
          `projects(condition: { tenantId: "${t}", rowId: "${p}" }) { totalCount nodes { name notes { totalCount } } }`,
      ),
    projectTitle.map(
      (name) => `projects(condition: { name: "${name}" }) { totalCount nodes { name } }`,
    ),
    fc.constant(`papers { totalCount nodes ${paper} }`),
    tenant.map((t) => `papers(condition: { tenantId: "${t}" }) { totalCount nodes ${paper} }`),
    fc.constant('diaries { totalCount nodes { body authorId } }'),
    fc.constant('safes { totalCount nodes { label } }'),
    fc.constant('folders(orderBy: NAME_DESC, first: 2) { totalCount nodes { name } }'),
    fc.constant('countries { nodes { code } }'),
    tenant.map(
      (t) =>
        `carelessNotes(condition: { tenantId: "${t}" }, orderBy: ROW_ID_ASC) { totalCount nodes { body } }`,
    ),
  );
}

function conditions(): fc.Arbitrary<string> {
  return fc.oneof(
    tenant.map((t) => `{ tenantId: "${t}" }`),
    row('notes').map((id) => `{ rowId: "${id}" }`),
    row('projects').map((id) => `{ projectId: "${id}" }`),
    fc.tuple(tenant, user).map(([t, u]) => `{ tenantId: "${t}", authorId: "${u}" }`),
    fc.constantFrom('{ authorId: null }', '{ tenantId: "no uuid" }', '{ body: "x" }'),
  );
}

function singles(): fc.Arbitrary<string> {
  return fc.oneof(
    one('notes').map((key) => `note(${key}) ${note}`),
    one('papers').map((key) => `paper(${key}) ${paper}`),
    one('projects').map((key) => `project(${key}) { name notes { nodes { body } } }`),
    one('diaries').map((key) => `diary(${key}) { body }`),
    one('safes').map((key) => `safe(${key}) { label }`),
    fc
      .tuple(tenant, projectTitle)
      .map(
        ([t, name]) =>
          `projectByTenantIdAndName(tenantId: "${t}", name: "${name}") { name notes { totalCount } }`,
      ),
    globalId('notes').map((id) => `noteById(id: "${id}") ${note}`),
    globalId('projects').map((id) => `node(id: "${id}") { __typename ... on Project { name } }`),
  );
}

function mutations(): fc.Arbitrary<string> {
  const fresh = fc.record({ id: row('notes'), p: row('projects'), t: tenant, u: user });
  return fc
    .oneof(
      fresh.map(
        ({ id, p }) =>
          `createNote(input: { note: { rowId: "${id}", projectId: "${p}", body: "new" } }) { note ${note} query { notes { totalCount } } }`,
      ),
      fresh.map(
        ({ id, p, t, u }) =>
          `createNote(input: { note: { tenantId: "${t}", rowId: "${id}", projectId: "${p}", authorId: "${u}", body: "new" } }) { note ${note} }`,
      ),
      fresh.map(
        ({ id, p, u }) =>
          `createNote(input: { note: { rowId: "${id}", projectId: "${p}", authorId: "${u}", body: "" } }) { note ${note} }`,
      ),
      fc
        .tuple(row('papers'), row('folders'))
        .map(
          ([id, f]) =>
            `createPaper(input: { paper: { rowId: "${id}", folderId: "${f}", body: "new" } }) { paper ${paper} }`,
        ),
      projectTitle.map(
        (name) =>
          `createProject(input: { project: { name: "${name}" } }) { project { name notes { totalCount } } }`,
      ),
      row('folders').map(
        (id) =>
          `createFolder(input: { folder: { name: "new", parentId: "${id}" } }) { folder { name } }`,
      ),
      fc
        .tuple(one('notes'), row('projects'))
        .map(
          ([key, p]) =>
            `updateNote(input: { ${key}, patch: { projectId: "${p}" } }) { note ${note} }`,
        ),
      fc
        .tuple(one('notes'), row('notes'))
        .map(
          ([key, to]) =>
            `updateNote(input: { ${key}, patch: { rowId: "${to}" } }) { note ${note} }`,
        ),
      fc
        .tuple(one('notes'), tenant)
        .map(
          ([key, t]) =>
            `updateNote(input: { ${key}, patch: { tenantId: "${t}" } }) { note ${note} }`,
        ),
      fc
        .tuple(one('notes'), user)
        .map(
          ([key, u]) =>
            `updateNote(input: { ${key}, patch: { authorId: "${u}" } }) { note ${note} }`,
        ),
      fc
        .tuple(one('projects'), projectTitle)
        .map(
          ([key, name]) =>
            `updateProject(input: { ${key}, patch: { name: "${name}" } }) { project { name } }`,
        ),
      fc
        .tuple(tenant, projectTitle, projectTitle)
        .map(
          ([t, from, to]) =>
            `updateProjectByTenantIdAndName(input: { tenantId: "${t}", name: "${from}", patch: { name: "${to}" } }) { project { name } }`,
        ),
      fc
        .tuple(one('papers'), row('folders'))
        .map(
          ([key, f]) =>
            `updatePaper(input: { ${key}, patch: { folderId: "${f}" } }) { paper ${paper} }`,
        ),
      one('notes').map((key) => `deleteNote(input: { ${key} }) { note { body } deletedNoteId }`),
      globalId('notes').map(
        (id) => `deleteNoteById(input: { id: "${id}" }) { note { body } deletedNoteId }`,
      ),
      one('projects').map(
        (key) =>
          `deleteProject(input: { ${key} }) { project { name } query { notes { totalCount } } }`,
      ),
      fc.constant('carelessCount(input: {}) { result }'),
    )
    .map((field) => `mutation { ${field} }`);
}

function one(kind: Kind): fc.Arbitrary<string> {
  return fc.tuple(tenant, row(kind)).map(([t, id]) => `tenantId: "${t}", rowId: "${id}"`);
}

/** As PostGraphile makes them. */
function globalId(kind: Kind): fc.Arbitrary<string> {
  return fc.tuple(tenant, row(kind)).map(([t, id]) => encode([kind, t, id]));
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
