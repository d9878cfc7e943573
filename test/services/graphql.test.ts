import { afterAll, beforeAll, expect, test } from 'vitest';
import { query, type Answer } from '../e2e/graphql';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { readWorld, type World } from '../sql/support/world';
import { startGraphql, type Program } from '../support/program';
import { tokenFor } from '../support/storage';

let postgres: Server;
let world: World;
let service: Program;

beforeAll(async () => {
  postgres = await startServer();
  await deploy(postgres, 'asked');
  const admin = await postgres.connect('postgres', 'asked');
  world = await readWorld(admin);
  await admin.end();
  service = await startGraphql({
    databaseUrl: postgres.url('strata_authenticator', 'asked'),
    master: 'm'.repeat(64),
  });
});

afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

/** Ann, or an API key of hers. */
async function ask(
  text: string,
  scopes?: readonly string[],
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  const { id: userId, tenant: tenantId, role } = world.ann;
  const session = { tenantId, userId, role: `tenant_${role}` as const };
  return query(
    service.url,
    await tokenFor({ ...session, ...(scopes && { scopes }) }),
    text,
    variables,
  );
}

const reading = '{ notes { totalCount } }';
const writing =
  'mutation($p: UUID!, $b: String!) { createNote(input: { note: { projectId: $p, body: $b } }) { note { body } } }';
const write = (scopes?: readonly string[], body = 'written'): Promise<Answer> =>
  ask(writing, scopes, { p: world.acme.project, b: body });

const codes = ({ status, errors }: Answer): unknown[] => [
  status,
  ...errors.map((error) => (error as { extensions?: { code?: unknown } }).extensions?.code),
];

test.each([[['storage:read']], [['storage:*', 'functions:*']], [['graphql:write']], [[]]])(
  'an API key that may not read GraphQL gets nothing: %j',
  async (scopes) => {
    for (const text of [reading, '{ __schema { types { name } } }', '{ a']) {
      const answer = await ask(text, scopes);
      expect([...codes(answer), answer.data]).toEqual([403, 'scope_missing', null]);
    }
    expect(codes(await write(scopes))).toEqual([403, 'scope_missing']);
  },
);

test('an API key that may read cannot write, and is told why', async () => {
  const before = await ask(reading);
  expect((await ask(reading, ['graphql:read'])).data).toEqual(before.data);
  const answer = await write(['graphql:read', 'storage:*']);
  expect([answer.data?.createNote ?? null, ...codes(answer)]).toEqual([null, 200, 'scope_missing']);
  expect(answer.errors[0]?.message).toBe(
    'this API key may only read: a mutation needs the scope graphql:write',
  );
  expect((await ask(reading)).data).toEqual(before.data);
});

test.each([[undefined], [['graphql:*']], [['graphql:read', 'graphql:write']]])(
  'a person and a key with the right to write write: %j',
  async (scopes) => {
    const { data, errors } = await write(scopes);
    expect({ data, errors }).toEqual({
      data: { createNote: { note: { body: 'written' } } },
      errors: [],
    });
  },
);

test('the log has of a failed query an id and a code, and nothing that the caller wrote', async () => {
  const from = service.said().length;
  const hush = 'hush\u001b[31m\nhush';
  const foreign = await ask(writing, undefined, { p: world.globex.project, b: hush });
  const literal = await ask(
    `mutation { createNote(input: { note: { projectId: "${world.globex.project}", body: "hush" } }) { note { body } } }`,
  );
  const cursor = await ask('{ notes(after: "hush") { nodes { body } } }');
  expect([foreign, literal, cursor].map(({ errors }) => errors.length)).toEqual([1, 1, 1]);
  const ids = [foreign, literal].map(
    ({ errors }) => (errors[0] as { extensions?: { id?: string } }).extensions?.id,
  );
  await expect
    .poll(() => ids.every((id) => service.said().includes(`"id":"${String(id)}"`)))
    .toBe(true);
  const lines = service.said().slice(from).trimEnd().split('\n');
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged.filter(({ id }) => ids.includes(id as string))).toEqual(
    ids.map((id) => ({
      time: expect.any(String) as string,
      level: 'error',
      message: 'a query failed',
      id,
      error: expect.any(String) as string,
      code: expect.stringMatching(/^[0-9A-Z]{5}$/) as string,
      constraint: expect.any(String) as string,
    })),
  );
  const written = [...'hush \u001b createNote insert'.split(' '), world.globex.project];
  expect(written.filter((text) => lines.join('\n').includes(text))).toEqual([]);
  expect(foreign.body + literal.body).not.toMatch(/hush|violates|constraint/);
});

test('an error names nothing that the caller has not written', async () => {
  const answers = [
    await ask('{ note { nodes { body } } }'),
    await ask('{ notes { nodes { bodi } } }'),
    await ask('{ notes(firs: 1) { totalCount } }'),
    await ask('query($o: [NoteOrderBy!]) { notes(orderBy: $o) { totalCount } }', undefined, {
      o: ['TENANT_ID_AS'],
    }),
    await ask(
      'mutation($n: NoteInput!) { createNote(input: { note: $n }) { note { body } } }',
      undefined,
      { n: { bodi: 'x', projectId: world.acme.project } },
    ),
  ];
  for (const { errors, body } of answers) {
    expect(errors.length, body).toBeGreaterThan(0);
    expect(body).not.toContain('Did you mean');
  }
});
