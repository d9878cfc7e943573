import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsFor } from '../../components/services/images/shared/claims';
import { restTransaction, type RestRequest } from '../support/postgrest-stand-in';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type Person, type World } from './support/world';

let server: Server;
let admin: Client;
let rest: Client;
let world: World;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'rested');
  admin = await server.connect('postgres', 'rested');
  world = await readWorld(admin);
  rest = await server.connect('strata_authenticator', 'rested');
});

afterAll(() => server.stop());

const claims = ({ id, tenant, role }: Person): Record<string, unknown> =>
  claimsFor({ userId: id, tenantId: tenant, role });

const as = (person: Person, method: RestRequest['method'] = 'GET'): RestRequest => ({
  method,
  claims: claims(person),
});

const everything = async (): Promise<unknown> => {
  const { rows } = await admin.query<{ row: string }>(
    'select t::text as row from app.notes t union all select p::text from app.projects p order by 1',
  );
  return rows;
};

describe("a stand-in of PostgREST's transaction, with a token of the platform", () => {
  test('reads exactly the rows of its tenant, in every table', async () => {
    for (const table of ['notes', 'projects']) {
      for (const person of [world.ann, world.hal]) {
        const { rows } = await admin.query<{ id: string }>(
          `select id from app.${table} where tenant_id = $1 order by id`,
          [person.tenant],
        );
        expect(rows.length).toBeGreaterThan(0);
        expect(
          await restTransaction(rest, as(person), `select id from ${table} order by id`),
        ).toEqual(rows);
      }
    }
  });

  test('writes rows of its tenant as its user, without naming either', async () => {
    const [row] = await restTransaction<{ tenant_id: string; author_id: string }>(
      rest,
      as(world.bob, 'POST'),
      'insert into notes (project_id, body) values ($1, $2) returning tenant_id, author_id',
      [world.acme.project, 'by REST'],
    );
    expect(row).toEqual({ tenant_id: world.acme.id, author_id: world.bob.id });
    await restTransaction(
      rest,
      as(world.bob, 'DELETE'),
      "delete from notes where body = 'by REST'",
    );
  });

  test('leaves nothing behind for the next transaction of the connection', async () => {
    await restTransaction(rest, as(world.ann), 'select from notes');
    const { rows } = await rest.query(
      "select current_user::text as me, nullif(current_setting('request.jwt.claims'), '') as claims",
    );
    expect(rows).toEqual([{ me: 'strata_authenticator', claims: null }]);
    await expect(rest.query('select from app.notes')).rejects.toThrow(/permission denied/);
  });
});

describe('what an attacker tries through it', () => {
  const into = 'insert into notes (tenant_id, project_id, body) values ($1, $2, $3)';

  test.each<[string, RestRequest['method'], string, () => unknown[], RegExp | undefined]>([
    [
      "adds a row to another tenant's project",
      'POST',
      into,
      () => [world.globex.id, world.globex.project, 'x'],
      /row-level security/,
    ],
    [
      'gives a row of its own to another tenant',
      'PATCH',
      'update notes set tenant_id = $1 where id = $2',
      () => [world.globex.id, world.ann.note],
      /permission denied|row-level security/,
    ],
    [
      "changes another's row",
      'PATCH',
      'update notes set body = $1 where id = $2 returning id',
      () => ['x', world.hal.note],
      undefined,
    ],
    [
      "deletes another's row",
      'DELETE',
      'delete from notes where id = $1 returning id',
      () => [world.hal.note],
      undefined,
    ],
    [
      'deletes by a GET',
      'GET',
      'delete from notes where id = $1',
      () => [world.ann.note],
      /read-only transaction/,
    ],
    ['reads the registry', 'GET', 'select from registry.users', () => [], /permission denied/],
    ['reads who acts', 'GET', 'select from audit.log', () => [], /permission denied/],
  ])('%s', async (_what, method, statement, values, refused) => {
    const before = await everything();
    const tried = restTransaction(rest, as(world.ann, method), statement, values());
    if (refused) await expect(tried).rejects.toThrow(refused);
    else expect(await tried).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  test.each<[string, Record<string, unknown>, unknown]>([
    ['no role', { role: undefined }, /PGRST302/],
    ['the role of the anonymous', { role: 'strata_anon' }, /permission denied/],
    ['the owner', { role: 'strata_owner' }, /permission denied to set role/],
    ['maintenance', { role: 'strata_maintenance' }, /permission denied to set role/],
    ['a superuser', { role: 'postgres' }, /permission denied to set role/],
    ["Hasura's role", { role: 'strata_hasura' }, /permission denied to set role/],
    ['a role that is none', { role: 'nobody' }, /does not exist/],
    ['no claims of the platform', { 'https://hasura.io/jwt/claims': undefined }, []],
    [
      'another role of a member',
      { 'https://hasura.io/jwt/claims': { 'x-hasura-role': 'admin' } },
      [],
    ],
  ])('a token with %s', async (_what, change, expected) => {
    const request = { method: 'GET', claims: { ...claims(world.ann), ...change } } as const;
    const answer = restTransaction(rest, request, 'select id from app.notes');
    if (expected instanceof RegExp) await expect(answer).rejects.toThrow(expected);
    else expect(await answer).toEqual(expected);
  });

  test('headers, cookies and the path say nothing of whose request it is', async () => {
    const forged = JSON.stringify(claims(world.hal));
    const headers = { 'request.jwt.claims': forged, 'x-hasura-tenant-id': world.globex.id };
    const request = { ...as(world.ann), headers, path: `/notes?tenant_id=eq.${world.globex.id}` };
    expect(
      await restTransaction(rest, request, 'select from notes where tenant_id = $1', [
        world.globex.id,
      ]),
    ).toEqual([]);
  });
});
