import { afterAll, beforeAll, expect, test } from 'vitest';
import { query, type Answer } from '../e2e/graphql';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { readWorld, type World } from '../sql/support/world';
import { startGraphql, type Program } from '../support/program';
import { jwtKey, tokenFor } from '../support/storage';
import { forge, payload } from '../support/forge';
import { Socket } from '../support/guard/socket';

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

const socketOf = async (authorization: string): Promise<Socket> => {
  const socket = await Socket.open(Number(new URL(service.url).port), { path: '/graphql' });
  socket.send({ type: 'connection_init', payload: { headers: { Authorization: authorization } } });
  return socket;
};
const bearerOf = async (scopes?: readonly string[]): Promise<string> => {
  const { id: userId, tenant: tenantId, role } = world.ann;
  const session = { tenantId, userId, role: `tenant_${role}` as const };
  return `Bearer ${await tokenFor({ ...session, ...(scopes && { scopes }) })}`;
};

test('a socket answers as a request does, with the claims of connection_init', async () => {
  const socket = await socketOf(await bearerOf());
  expect(await socket.next()).toEqual({ type: 'connection_ack' });
  const query = '{ notes { nodes { body } } }';
  socket.subscribe('1', query);
  const { data } = await ask(query);
  expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data } });
  expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
  socket.subscribe('2', writing, { p: world.acme.project, b: 'by socket' });
  expect(await socket.next()).toMatchObject({
    id: '2',
    payload: { data: { createNote: { note: { body: 'by socket' } } } },
  });
  await socket.next();
  socket.subscribe('3', writing, { p: world.globex.project, b: 'by socket' });
  const { payload: refused } = await socket.next();
  expect(refused).toMatchObject({
    errors: [{ message: expect.stringContaining('its id in the log') as string }],
  });
  await socket.next();
  socket.subscribe('4', '{ note { nodes { body } } }');
  expect(JSON.stringify(await socket.next())).not.toContain('Did you mean');
  socket.close();
});

test('an API key that may read cannot write over a socket', async () => {
  const socket = await socketOf(await bearerOf(['graphql:read']));
  await socket.next();
  socket.subscribe('1', writing, { p: world.acme.project, b: 'by socket' });
  expect(await socket.next()).toMatchObject({
    payload: { errors: [{ extensions: { code: 'scope_missing' } }] },
  });
  socket.close();
});

test('a socket without a token that counts is not acknowledged', async () => {
  const tokens = [
    '',
    'Bearer x.y.z',
    `Bearer ${forge({ alg: 'none' }, payload({ key: jwtKey, issuer: 'strata', audience: 'strata' }, subject()), undefined)}`,
    await bearerOf(['storage:*']),
  ];
  for (const token of tokens) {
    const socket = await socketOf(token);
    expect([await socket.ended, socket.heard]).toEqual(['4403 Forbidden', []]);
  }
});

test('a socket ends with its token', async () => {
  const issuer = { key: jwtKey, issuer: 'strata', audience: 'strata' };
  const exp = Math.floor(Date.now() / 1000) + 5;
  const short = forge({ alg: 'HS256' }, { ...payload(issuer, subject()), exp }, jwtKey);
  const socket = await socketOf(`Bearer ${short}`);
  expect(await socket.next()).toEqual({ type: 'connection_ack' });
  expect(await socket.ended).toBe('4403 token expired');
});

function subject(): { tenantId: string; userId: string; role: string } {
  const { tenant: tenantId, id: userId, role } = world.ann;
  return { tenantId, userId, role: `tenant_${role}` };
}
