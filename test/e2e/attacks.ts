import { claimsNamespace, forge, payload, type Issuer, type Subject } from '../support/forge';
import type { Answer } from './graphql';

/** What the attacker (ann of acme, or bob) knows, and what is the victim's (globex). */
export interface Scene {
  readonly issuer: Issuer;
  /** Admin of acme. */
  readonly ann: Subject;
  /** Member of acme. */
  readonly bob: Subject;
  /** Admin of globex. */
  readonly gus: Subject;
  readonly own: Rows;
  readonly foreign: Rows;
  readonly foreignProjectNodeId: string;
  readonly foreignNoteNodeId: string;
  readonly ownNoteNodeId: string;
  /** A note of acme that ann wrote, so not bob's. */
  readonly annsNoteId: string;
}

interface Rows {
  readonly tenantId: string;
  readonly projectId: string;
  readonly noteId: string;
}

export interface Attack {
  readonly name: string;
  readonly as: 'ann' | 'bob';
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

/** Reads: each answer must be free of anything that is globex's. */
export function reads({ foreign, foreignNoteNodeId, foreignProjectNodeId }: Scene): Attack[] {
  const read = (name: string, query: string, variables?: Record<string, unknown>): Attack => ({
    name,
    as: 'ann',
    query,
    ...(variables && { variables }),
  });
  const key = { t: foreign.tenantId, i: foreign.noteId };
  return [
    read('list every note', '{ notes { nodes { tenantId rowId body } } }'),
    read('list every project', '{ projects { nodes { tenantId rowId name } } }'),
    read(
      'ask for the other tenant by condition',
      'query($t: UUID!) { notes(condition: { tenantId: $t }) { nodes { body } totalCount } }',
      { t: foreign.tenantId },
    ),
    read(
      'ask for a foreign note by its key',
      'query($t: UUID!, $i: UUID!) { note(tenantId: $t, rowId: $i) { body } }',
      key,
    ),
    read(
      'ask for a foreign note by its node id',
      'query($n: ID!) { node(id: $n) { id ... on Note { body } } }',
      { n: foreignNoteNodeId },
    ),
    read(
      'ask for a foreign note by its typed node id',
      'query($n: ID!) { noteById(id: $n) { body } }',
      { n: foreignNoteNodeId },
    ),
    read(
      'ask for a foreign project by its node id',
      'query($n: ID!) { projectById(id: $n) { name notes { nodes { body } } } }',
      { n: foreignProjectNodeId },
    ),
    read(
      'sort by tenant, so that foreign rows would come first',
      '{ a: notes(orderBy: TENANT_ID_ASC, first: 1) { nodes { tenantId body } } b: notes(orderBy: TENANT_ID_DESC, first: 1) { nodes { tenantId body } } }',
    ),
    read(
      'page beyond the end',
      '{ notes(first: 1000, offset: 0) { nodes { tenantId body } pageInfo { hasNextPage } } }',
    ),
    read(
      'walk from projects to notes and back',
      '{ projects { nodes { notes { nodes { project { name notes { nodes { tenantId body } } } } } } } }',
    ),
    read(
      'ask the same under two hundred aliases',
      `query($t: UUID!, $i: UUID!) { ${Array.from({ length: 200 }, (_, n) => `a${n}: note(tenantId: $t, rowId: $i) { body }`).join(' ')} }`,
      key,
    ),
    read(
      'hide the question in a fragment',
      'query($t: UUID!) { ...F } fragment F on Query { notes(condition: { tenantId: $t }) { nodes { body } } }',
      { t: foreign.tenantId },
    ),
  ];
}

/** Counts: the numbers must be those of acme alone. */
export const counts = {
  notes: '{ notes { totalCount } }',
  projects: '{ projects { totalCount } }',
} as const;

/** Writes: each must fail, or change nothing of globex. */
export function writes({
  own,
  foreign,
  foreignNoteNodeId,
  foreignProjectNodeId,
  ownNoteNodeId,
  annsNoteId,
  ann: { userId: annId },
  gus,
}: Scene): Attack[] {
  const as =
    (who: 'ann' | 'bob') =>
    (name: string, query: string, variables: Record<string, unknown>): Attack => ({
      name,
      as: who,
      query,
      variables,
    });
  const ann = as('ann');
  const bob = as('bob');
  const createNote =
    'mutation($note: NoteInput!) { createNote(input: { note: $note }) { note { id } } }';
  const createProject =
    'mutation($project: ProjectInput!) { createProject(input: { project: $project }) { project { id } } }';
  const updateNote =
    'mutation($t: UUID!, $i: UUID!, $patch: NotePatch!) { updateNote(input: { tenantId: $t, rowId: $i, patch: $patch }) { note { id body } } }';
  const updateByNode =
    'mutation($n: ID!, $patch: NotePatch!) { updateNoteById(input: { id: $n, patch: $patch }) { note { id body } } }';
  const deleteNote =
    'mutation($t: UUID!, $i: UUID!) { deleteNote(input: { tenantId: $t, rowId: $i }) { note { id body } deletedNoteId } }';
  const body = 'taken over';
  return [
    ann('write a note into the other tenant', createNote, {
      note: { tenantId: foreign.tenantId, projectId: foreign.projectId, body },
    }),
    ann('hang a note of mine on a foreign project', createNote, {
      note: { projectId: foreign.projectId, body },
    }),
    ann('write a note in the name of a foreign user', createNote, {
      note: { projectId: own.projectId, authorId: gus.userId, body },
    }),
    ann('change a foreign note by its key', updateNote, {
      t: foreign.tenantId,
      i: foreign.noteId,
      patch: { body },
    }),
    ann('change a foreign note by its node id', updateByNode, {
      n: foreignNoteNodeId,
      patch: { body },
    }),
    ann('change a foreign note under my tenant id', updateNote, {
      t: own.tenantId,
      i: foreign.noteId,
      patch: { body },
    }),
    ann('give my note to the other tenant', updateByNode, {
      n: ownNoteNodeId,
      patch: { tenantId: foreign.tenantId },
    }),
    ann('move my note to a foreign project', updateByNode, {
      n: ownNoteNodeId,
      patch: { projectId: foreign.projectId },
    }),
    ann('delete a foreign note by its key', deleteNote, { t: foreign.tenantId, i: foreign.noteId }),
    ann(
      'delete a foreign note by its node id',
      'mutation($n: ID!) { deleteNoteById(input: { id: $n }) { deletedNoteId } }',
      { n: foreignNoteNodeId },
    ),
    ann(
      'delete a foreign project by its node id',
      'mutation($n: ID!) { deleteProjectById(input: { id: $n }) { deletedProjectId } }',
      { n: foreignProjectNodeId },
    ),
    bob('make a project as a mere member', createProject, { project: { name: body } }),
    bob("change another member's note", updateNote, {
      t: own.tenantId,
      i: annsNoteId,
      patch: { body },
    }),
    bob("delete another member's note", deleteNote, { t: own.tenantId, i: annsNoteId }),
    bob('write a note in the name of the admin', createNote, {
      note: { projectId: own.projectId, authorId: annId, body },
    }),
  ];
}

/** Requests whose token, headers or form try to get around the tenant; each must be refused without any rows. */
export function intrusions({
  issuer,
  ann,
  foreign,
}: Scene): { name: string; headers: Record<string, string | string[]> }[] {
  const good = payload(issuer, ann);
  const now = Math.floor(Date.now() / 1000);
  const victim = { ...ann, tenantId: foreign.tenantId };
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const signed = (body: unknown, key = issuer.key, alg = 'HS256'): Record<string, string> =>
    bearer(forge({ alg }, body, key));
  return [
    { name: 'no token', headers: {} },
    { name: 'an empty token', headers: bearer('') },
    { name: 'a token of another kind', headers: { authorization: 'Basic YW5uOmFubg==' } },
    {
      name: 'a wrong signature',
      headers: bearer(`${forge({ alg: 'HS256' }, good, issuer.key).slice(0, -6)}AAAAAA`),
    },
    { name: 'an expired token', headers: signed({ ...good, exp: now - 5 }) },
    { name: 'alg none', headers: bearer(forge({ alg: 'none' }, good, undefined)) },
    {
      name: "the other tenant's claim with the wrong key",
      headers: signed(payload(issuer, victim), 'w'.repeat(64)),
    },
    {
      name: "the other tenant's claim without a signature",
      headers: bearer(forge({ alg: 'none' }, payload(issuer, victim), undefined)),
    },
    { name: 'a token for another audience', headers: signed({ ...good, aud: 'elsewhere' }) },
    { name: 'a token of another issuer', headers: signed({ ...good, iss: 'elsewhere' }) },
    { name: 'a token without a tenant', headers: signed({ ...good, [claimsNamespace]: {} }) },
    {
      name: 'a tenant that is SQL',
      headers: signed({
        ...good,
        [claimsNamespace]: {
          ...(good[claimsNamespace] as object),
          'x-hasura-tenant-id': "' or 1=1 --",
        },
      }),
    },
    {
      name: 'the session in plain headers',
      headers: {
        'x-hasura-tenant-id': foreign.tenantId,
        'x-hasura-role': 'admin',
        'x-hasura-user-id': ann.userId,
      },
    },
  ];
}

/** True when a mutation reports a row that it wrote: one that finds no row answers without an error. */
export function wrote({ data, errors }: Answer): boolean {
  if (errors.length > 0 || !data) return false;
  return Object.values(data).some(
    (payload) =>
      payload !== null && Object.values(payload as object).some((value) => value !== null),
  );
}

/** True when an answer holds nothing of the other tenant. */
export function isClean({ body }: Answer, secrets: readonly string[]): boolean {
  return secrets.every((secret) => !body.includes(secret));
}
