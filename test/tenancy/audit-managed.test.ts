import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../../provider/audit/audit';
import { installPlatform } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';

let server: Server;

beforeAll(async () => {
  server = await startServer();
  const superuser = await server.connect('postgres', 'postgres');
  await superuser.query('create role managed login createrole createdb');
  await (await server.connect('managed', 'postgres')).query('create database managed');
  await installPlatform(server, 'managed', 'managed');
});

afterAll(() => server.stop());

test.each(['strata_auditor', 'strata_migrator', 'managed'])(
  'a platform whose admin is no superuser is clean for %s',
  async (login) => {
    expect(await audit(server.url(login, 'managed'))).toEqual([]);
  },
);

test('so it is in a second database of the same cluster, and without any tenant', async () => {
  await (await server.connect('managed', 'postgres')).query('create database second');
  await installPlatform(server, 'second', 'managed');

  expect(await audit(server.url('strata_auditor', 'second'), { tables: [] })).toEqual([]);
});
