import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacksOf } from '../../components/tenancy/attacks';
import { compileTenancy } from '../../components/tenancy/compile';
import type { TableFence } from '../../components/tenancy/statements';
import { startServer, type Server } from '../sql/support/server';
import { audiences, declaration, deployDeclared, putUp, surprises } from './support/declared';
import { bent, without } from './support/bent';

let server: Server;
let admin: Client;
let client: Client;
const attacks = attacksOf(declaration);

beforeAll(async () => {
  server = await startServer();
  admin = await deployDeclared(server, 'declared');
  client = await server.connect('strata_authenticator', 'declared');
});

afterAll(() => server.stop());

describe.each(Object.keys(audiences) as (keyof typeof audiences)[])(
  'the declaration at a place that is %s',
  (place) => {
    test('holds against every attack that it generates, and lets through what it permits', async () => {
      expect(await surprises(client, place, attacks)).toEqual([]);
    });
  },
);

test('there are attacks of each kind and outcome', () => {
  expect(new Set(attacks.map(({ deed }) => deed.do))).toEqual(
    new Set([
      'read',
      'insert',
      'update',
      'delete',
      'give',
      'refer',
      'show',
      'guess',
      'write',
      'truncate',
    ]),
  );
  expect(new Set(attacks.map(({ expect: outcome }) => outcome))).toEqual(
    new Set(['refused', 'nothing', 'rows']),
  );
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});

const { shared } = audiences;

describe('an attack notices', () => {
  test.each<[string, () => TableFence[], RegExp]>([
    [
      'a hidden column that is shown',
      () => compileTenancy(bent('app.papers', { hidden: ['body'] }), shared),
      /show the column score/,
    ],
    [
      'a scope that deletion does not ask for',
      () => compileTenancy(bent('app.papers', { delete: 'owner' }), shared),
      /API key with no scope tries to delete .*papers/,
    ],
    [
      'a scope that reading does not ask for',
      () => compileTenancy(bent('app.safes', { read: 'member' }), shared),
      /API key with no scope tries to read .*safes/,
    ],
    [
      'a scope that adding does not ask for',
      () => compileTenancy(bent('app.safes', { insert: 'member' }), shared),
      /API key with services:read tries to insert .*safes/,
    ],
    [
      'another scope than was declared',
      () =>
        compileTenancy(
          bent('app.safes', { update: { role: 'admin', scope: 'services:read' } }),
          shared,
        ),
      /API key with services:read tries to update .*safes/,
    ],
    [
      'a role that updating does not ask for',
      () =>
        compileTenancy(
          bent('app.safes', { update: { role: 'member', scope: 'services:write' } }),
          shared,
        ),
      /a member tries to update .*safes/,
    ],
    [
      'rows of other owners that are read',
      () => compileTenancy(bent('app.diaries', { read: 'member' }), shared),
      /another owner's rows in app.diaries/,
    ],
    [
      'rows that are added in the name of others',
      () => compileTenancy(bent('app.papers', { insert: 'member' }), shared),
      /insert another owner's rows in app.papers/,
    ],
    [
      'columns that may be written',
      () =>
        compileTenancy(
          bent('app.papers', { columns: ['score', 'body', 'folder_id', 'author_id'] }),
          shared,
        ),
      /write the column score/,
    ],
    [
      'a table that may be read',
      () => compileTenancy(bent('app.drops', { read: 'member' }), shared),
      /read .*drops/,
    ],
    [
      'a shared table that nobody was to read',
      () =>
        compileTenancy(
          { ...declaration, shared: { ...declaration.shared, 'app.chores': 'member' } },
          shared,
        ),
      /read .*chores/,
    ],
    [
      'a shared table that may be written',
      () =>
        compileTenancy(declaration, shared).map((fence) =>
          fence.table === 'app.countries'
            ? {
                ...fence,
                policies: {
                  ...fence.policies,
                  open: 'for all to strata_tenant using (true) with check (true)',
                },
                grants: {
                  ...fence.grants,
                  strata_tenant: ['select', 'insert', 'update', 'delete'],
                },
              }
            : fence,
        ),
      /(insert|update|delete) .*countries/,
    ],
    [
      'a tenant that nothing asks for',
      () =>
        without(compileTenancy(declaration, shared), 'tenant_floor').map((fence) => ({
          ...fence,
          policies: {
            ...fence.policies,
            ...('tenant_read' in fence.policies && {
              tenant_read: 'for select to strata_tenant using (true)',
            }),
          },
        })),
      /read another tenant's rows/,
    ],
  ])('%s', async (_what, fences, noticed) => {
    await putUp(admin, fences());
    const found = await surprises(client, 'shared', attacks);
    await putUp(admin, compileTenancy(declaration, shared));
    expect(found.join('\n')).toMatch(noticed);
    expect(await surprises(client, 'shared', attacks.slice(0, 40))).toEqual([]);
  });
});
