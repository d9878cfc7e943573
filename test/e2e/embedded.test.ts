import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../support/engine';
import { token, type Issuer, type Subject } from '../support/forge';
import { Workspace } from '../support/workspace';
import {
  counts,
  intrusions,
  isClean,
  reads,
  wrote,
  writes,
  type Attack,
  type Scene,
} from './attacks';
import { query, send, type Answer } from './graphql';

interface Outputs {
  readonly endpoints: { readonly graphql: string };
  readonly databases: Record<string, string>;
  readonly jwt: Issuer;
}

interface Row {
  readonly slug: string;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly note_id: string;
  readonly author: string;
  readonly body: string;
}

let workspace: Workspace;
let outputs: Outputs;
let scene: Scene;
let rows: Row[];

/** Texts that only globex may see. */
let secrets: string[];

const missing = await whyNoEngine();

beforeAll(async () => {
  if (missing !== undefined) return;
  workspace = await Workspace.create();
  await workspace.succeed('up');
  outputs = await workspace.outputs<Outputs>();
  rows = await everything();
  scene = await setTheScene();
  secrets = rows
    .filter(({ slug }) => slug === 'globex')
    .flatMap(({ tenant_id, project_id, note_id, body }) => [tenant_id, project_id, note_id, body]);
});

afterAll(async () => {
  if (missing === undefined) await workspace.dispose();
});

/** Every note of every tenant, read as the maintenance role. */
async function everything(): Promise<Row[]> {
  const client = new Client({ connectionString: outputs.databases.strata_migrator });
  await client.connect();
  try {
    await client.query('set role strata_maintenance');
    const { rows: found } = await client.query<Row>(
      `select t.slug, n.tenant_id, n.project_id, n.id as note_id, n.author_id as author, n.body
       from app.notes n join registry.tenants t on t.id = n.tenant_id order by t.slug, n.body`,
    );
    return found;
  } finally {
    await client.end();
  }
}

/** `npm run token` issues the tokens; what it knows of a member is read back from one. */
async function subject(tenant: string, user: string): Promise<Subject> {
  const issued = await workspace.succeed('token', '--tenant', tenant, '--user', user);
  const claims = JSON.parse(
    Buffer.from(issued.split('.')[1] ?? '', 'base64url').toString('utf8'),
  ) as Record<string, Record<string, string>>;
  const session = claims['https://hasura.io/jwt/claims'] ?? {};
  return {
    tenantId: session['x-hasura-tenant-id'] ?? '',
    userId: session['x-hasura-user-id'] ?? '',
    role: session['x-hasura-role'] ?? '',
  };
}

async function setTheScene(): Promise<Scene> {
  const ann = await subject('acme', 'ann');
  const bob = await subject('acme', 'bob');
  const gus = await subject('globex', 'gus');
  const noteOf = (who: Subject): Row => {
    const row = rows.find(
      ({ author, tenant_id }) => author === who.userId && tenant_id === who.tenantId,
    );
    if (!row) throw new Error('the example rows are missing');
    return row;
  };
  const known = (row: Row) => ({
    tenantId: row.tenant_id,
    projectId: row.project_id,
    noteId: row.note_id,
  });
  const own = known(noteOf(ann));
  const foreign = known(noteOf(gus));
  const ids = (who: Subject, { tenantId, noteId }: typeof own): Promise<Answer> =>
    query(
      outputs.endpoints.graphql,
      token(outputs.jwt, who),
      'query($t: UUID!, $i: UUID!) { note(tenantId: $t, rowId: $i) { id project { id } } }',
      { t: tenantId, i: noteId },
    );
  interface Ids {
    note: { id: string; project: { id: string } };
  }
  const mine = (await ids(ann, own)).data as unknown as Ids;
  const theirs = (await ids(gus, foreign)).data as unknown as Ids;
  return {
    issuer: outputs.jwt,
    ann,
    bob,
    gus,
    own,
    foreign,
    foreignNoteNodeId: theirs.note.id,
    foreignProjectNodeId: theirs.note.project.id,
    ownNoteNodeId: mine.note.id,
    annsNoteId: own.noteId,
  };
}

function run({ as, query: text, variables }: Attack): Promise<Answer> {
  return query(outputs.endpoints.graphql, token(outputs.jwt, scene[as]), text, variables);
}

describe.skipIf(missing !== undefined)('a tenant that asks through GraphQL', () => {
  test('sees its own rows, all of them', async () => {
    const answer = await query(
      outputs.endpoints.graphql,
      token(outputs.jwt, scene.ann),
      '{ notes { nodes { body } } }',
    );
    const own = rows.filter(({ slug }) => slug === 'acme').map(({ body }) => body);
    const { nodes } = answer.data?.notes as { nodes: { body: string }[] };
    expect(own.length).toBeGreaterThan(0);
    expect(nodes.map(({ body }) => body).sort()).toEqual(own.sort());
  });

  test('counts its own rows only', async () => {
    const own = rows.filter(({ slug }) => slug === 'acme');
    const answer = await query(
      outputs.endpoints.graphql,
      token(outputs.jwt, scene.ann),
      counts.notes,
    );
    expect(answer.data).toEqual({ notes: { totalCount: own.length } });
    const projects = await query(
      outputs.endpoints.graphql,
      token(outputs.jwt, scene.ann),
      counts.projects,
    );
    expect(projects.data).toEqual({
      projects: { totalCount: new Set(own.map(({ project_id }) => project_id)).size },
    });
  });

  test('may write, change and delete a note of its own', async () => {
    const url = outputs.endpoints.graphql;
    const bob = token(outputs.jwt, scene.bob);
    const made = await query(
      url,
      bob,
      'mutation($p: UUID!) { createNote(input: { note: { projectId: $p, body: "mine" } }) { note { id rowId authorId } } }',
      { p: scene.own.projectId },
    );
    expect(made.errors).toEqual([]);
    const { note } = made.data?.createNote as { note: { id: string; authorId: string } };
    expect(note.authorId).toBe(scene.bob.userId);
    const changed = await query(
      url,
      bob,
      'mutation($n: ID!) { updateNoteById(input: { id: $n, patch: { body: "changed" } }) { note { body } } }',
      { n: note.id },
    );
    expect(changed.data).toEqual({ updateNoteById: { note: { body: 'changed' } } });
    const gone = await query(
      url,
      token(outputs.jwt, scene.ann),
      'mutation($n: ID!) { deleteNoteById(input: { id: $n }) { deletedNoteId } }',
      { n: note.id },
    );
    expect(gone.errors).toEqual([]);
  });

  test('reads nothing of another tenant, however it asks', async () => {
    const leaks: string[] = [];
    const invalid: string[] = [];
    for (const attack of reads(scene)) {
      const answer = await run(attack);
      // The ids that the attacker sends may come back in an error; rows may not.
      const sent = new Set(Object.values(attack.variables ?? {}));
      if (
        !isClean(
          answer,
          secrets.filter((secret) => !sent.has(secret)),
        )
      )
        leaks.push(attack.name);
      // An attack that the schema does not even know proves nothing.
      if (answer.body.includes('Cannot query field') || answer.body.includes('Unknown argument'))
        invalid.push(attack.name);
    }
    expect({ leaks, invalid }).toEqual({ leaks: [], invalid: [] });
  });

  test('changes nothing of another tenant, nor what is not its own to change', async () => {
    const before = await everything();
    const succeeded: string[] = [];
    const invalid: string[] = [];
    for (const attack of writes(scene)) {
      const answer = await run(attack);
      if (wrote(answer)) succeeded.push(attack.name);
      if (/Cannot query field|Unknown argument|is not defined by type/.test(answer.body))
        invalid.push(attack.name);
    }
    expect({ succeeded, invalid }).toEqual({ succeeded: [], invalid: [] });
    expect(await everything()).toEqual(before);
  });

  test('cannot tell from a clash whether another tenant uses an id', async () => {
    const create = (id: string): Promise<Answer> =>
      query(
        outputs.endpoints.graphql,
        token(outputs.jwt, scene.ann),
        'mutation($i: UUID!, $p: UUID!) { createNote(input: { note: { rowId: $i, projectId: $p, body: "probe" } }) { note { body } } }',
        { i: id, p: scene.own.projectId },
      );
    const taken = await create(scene.foreign.noteId);
    const free = await create(crypto.randomUUID());
    expect(taken.data).toEqual(free.data);
    expect(taken.errors).toEqual(free.errors);
  });
});

describe.skipIf(missing !== undefined)('a request without a token that counts', () => {
  test('gets no rows and a clear error', async () => {
    for (const { name, headers } of intrusions(scene)) {
      const answer = await send(
        outputs.endpoints.graphql,
        { query: '{ notes { nodes { body } } }' },
        headers,
      );
      expect(answer.status, name).toBe(401);
      expect(answer.data, name).toBeNull();
      expect(answer.errors[0]?.message, name).toMatch(/access token/);
    }
  });

  test('is not helped by headers beside a good token', async () => {
    const answer = await send(
      outputs.endpoints.graphql,
      { query: '{ notes { nodes { tenantId } } }' },
      {
        authorization: `Bearer ${token(outputs.jwt, scene.ann)}`,
        'x-hasura-tenant-id': scene.foreign.tenantId,
        'x-hasura-role': 'admin',
        'x-forwarded-user': scene.gus.userId,
      },
    );
    expect(answer.errors).toEqual([]);
    expect(isClean(answer, secrets)).toBe(true);
  });

  test('is refused for GET and for an event stream as well', async () => {
    const url = `${outputs.endpoints.graphql}?query=${encodeURIComponent('{ notes { nodes { body } } }')}`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(`${outputs.endpoints.graphql}/stream`)).status).toBe(401);
  });
});

describe.skipIf(missing !== undefined)('a request that is too much', () => {
  test.each([
    [
      'that walks back and forth between two tables',
      '{ notes { nodes { project { notes { nodes { project { notes { nodes { body } } } } } } } } }',
    ],
    [
      'that hides the walk in fragments',
      '{ notes { nodes { ...A } } } fragment A on Note { project { notes { nodes { ...B } } } } fragment B on Note { project { notes { nodes { body } } } }',
    ],
  ])('is refused by its depth: %s', async (_what, text) => {
    const answer = await query(outputs.endpoints.graphql, token(outputs.jwt, scene.bob), text);
    expect(answer.data).toBeNull();
    expect(answer.errors[0]?.message).toMatch(/depth|nested|self-referential/i);
  });

  test('is refused by its size', async () => {
    const answer = await send(
      outputs.endpoints.graphql,
      { query: `{ notes { nodes { body } } } # ${'x'.repeat(200_000)}` },
      { authorization: `Bearer ${token(outputs.jwt, scene.ann)}` },
    );
    expect(answer.status).toBe(413);
  });
});

describe.skipIf(missing !== undefined)('a tenant of the config', () => {
  test('is changed there and not by a command', async () => {
    const { code, stderr } = await workspace.run('tenants', 'configure', 'acme', '--name', 'Other');
    expect(code).toBe(1);
    expect(stderr).toContain('change strata:tenancy.tenants.acme and run npm run up');
  });

  test('may get people by a command whom the config does not name, and lose them so', async () => {
    const configured = (...args: string[]): ReturnType<typeof workspace.run> =>
      workspace.run('tenants', 'configure', 'acme', ...args);
    expect((await configured('--member', 'visitor')).code).toBe(0);
    const { code, stderr } = await configured('--remove', 'visitor');
    expect([code, stderr]).toEqual([0, expect.stringContaining('rows stay, without an owner')]);
    expect((await configured('--remove', 'ann')).stderr).toContain('stands in the config');
  });

  test('is exported for a deletion with a word of what the next deployment makes of it', async () => {
    const { stdout, stderr } = await workspace.run(
      ...['tenants', 'delete', 'acme', '--folder', 'acme-before'],
    );
    expect(stdout).toMatch(/^[0-9a-f]{32}\n$/);
    expect(stderr).toContain('take it out of strata:tenancy.tenants when it is deleted');
  });
});
