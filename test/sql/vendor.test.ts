import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vendorNames, vendorRole, vendors } from '../../components/services/vendors';
import { vendorDatabase, type VendorInputs } from '../../provider/database/vendor';
import { contextFor } from '../support/local';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

let server: Server;

beforeAll(async () => {
  server = await startServer();
  const superuser = await server.connect('postgres', 'postgres');
  await superuser.query('create role managed login createrole createdb');
  const managed = await server.connect('managed', 'postgres');
  await managed.query('create database strata');
  await superuser.query('alter database strata owner to managed');
  await installPlatform(server, 'strata', 'managed');
});

afterAll(() => server.stop());

const context = contextFor('vendor');

function inputs(more: Partial<VendorInputs> = {}): VendorInputs {
  return {
    url: server.url('managed', 'strata'),
    cluster: '1',
    name: 'vendor_gotrue',
    password: 'a password of many letters',
    setup: ['create schema if not exists auth authorization vendor_gotrue'],
    connections: 10,
    becomes: [],
    ...more,
  };
}

describe('a database for a vendor, made by an admin who is no superuser', () => {
  test('is its role’s own, and may be made again', async () => {
    const { id, state } = await vendorDatabase.create(inputs(), context);
    await vendorDatabase.create(inputs(), context);
    expect(await vendorDatabase.read(id, state, context)).toEqual(state);
    expect(vendorDatabase.diff(state, inputs())).toEqual({});
    const own = await server.connect('vendor_gotrue', 'vendor_gotrue');
    await own.query('create table auth.users (id int)');
    await own.query('create schema own');
    await own.query('insert into auth.users values (1)');
    const { rows } = await own.query(
      `select pg_has_role('managed', 'vendor_gotrue', 'usage') as still`,
    );
    expect(rows).toEqual([{ still: false }]);
  });

  test('lets in nobody else, and its role gets in nowhere else', async () => {
    for (const role of ['strata_app', 'strata_migrator', 'strata_hasura']) {
      await expect(server.connect(role, 'vendor_gotrue'), role).rejects.toThrow(
        'permission denied for database "vendor_gotrue"',
      );
    }
    await vendorDatabase.create(inputs({ name: 'vendor_hasura', setup: [] }), context);
    for (const other of ['strata', 'vendor_hasura']) {
      await expect(server.connect('vendor_gotrue', other), other).rejects.toThrow(
        `permission denied for database "${other}"`,
      );
    }
  });

  test('has no more connections than it was given', async () => {
    await vendorDatabase.create(
      inputs({ name: 'vendor_hasura', setup: [], connections: 2 }),
      context,
    );
    const open = [];
    for (let count = 0; count < 2; count += 1) {
      open.push(await server.connect('vendor_hasura', 'vendor_hasura'));
    }
    await expect(server.connect('vendor_hasura', 'vendor_hasura')).rejects.toThrow(
      'too many connections for role "vendor_hasura"',
    );
    await Promise.all(open.map((client) => client.end()));
  });

  test.each([
    [
      'a right',
      'alter role vendor_gotrue createdb',
      'alter role vendor_gotrue nocreatedb',
      'createdb',
    ],
    [
      'a membership',
      'grant strata_tenant to vendor_gotrue',
      'revoke strata_tenant from vendor_gotrue',
      'membership in strata_tenant',
    ],
    [
      'a way to the tenants',
      'grant connect on database strata to vendor_gotrue',
      'revoke connect on database strata from vendor_gotrue',
      'connect on strata',
    ],
  ])(
    'whose role has been given %s is drift, and refused by name',
    async (_, given, taken, what) => {
      const superuser = await server.connect('postgres', 'postgres');
      await superuser.query(given);
      const state = { ...inputs(), sound: true };
      const live = await vendorDatabase.read('vendor_gotrue', state, context);
      expect(live).toEqual({ ...state, sound: false });
      expect(vendorDatabase.diff({ ...state, sound: false }, inputs())).toEqual({
        sound: 'update',
      });
      await expect(
        vendorDatabase.update?.('vendor_gotrue', state, inputs(), context),
      ).rejects.toThrow(`the role vendor_gotrue may more than own its database: it has ${what}.`);
      await superuser.query(taken);
    },
  );

  test('that somebody has dropped is told as gone; an outage is not', async () => {
    const { id, state } = await vendorDatabase.create(
      inputs({ name: 'vendor_hasura_storage', setup: [] }),
      context,
    );
    const gone = server.url('managed', 'strata').replace(/:\d+\//, ':1/');
    expect(await vendorDatabase.read(id, { ...state, url: gone }, context)).toEqual({
      ...state,
      url: gone,
    });
    const superuser = await server.connect('postgres', 'postgres');
    await superuser.query('drop database vendor_hasura_storage');
    expect(await vendorDatabase.read(id, state, context)).toBeUndefined();
  });

  test.each(vendorNames)('of %s is made with what its program expects', async (name) => {
    const { setup, connections } = vendors[name];
    const wanted = inputs({ name: vendorRole(name), setup: [...setup], connections });
    await vendorDatabase.create(wanted, context);
    await vendorDatabase.update?.(vendorRole(name), { ...wanted, sound: true }, wanted, context);
  });
});
