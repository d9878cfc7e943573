import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../engine/root';
import { catalogueProblems } from './support/catalogue';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

const roles = readFileSync(path.join(root, 'sql/001_roles.sql'), 'utf8');

let server: Server;
let superuser: Client;

beforeAll(async () => {
  server = await startServer();
  superuser = await server.connect('postgres', 'postgres');
  await superuser.query('create role managed login createrole createdb');
  await (await server.connect('managed', 'postgres')).query('create database managed');
});

afterAll(() => server.stop());

describe('the platform in a database whose admin is no superuser', () => {
  test('is installed', async () => {
    await installPlatform(server, 'managed', 'managed');
    expect(await catalogueProblems(await server.connect('postgres', 'managed'))).toEqual([]);
  });

  test('leaves that admin outside: it owns nothing of tenants and is in no role that does', async () => {
    const { rows } = await superuser.query(
      "select pg_has_role('managed', 'strata_owner', 'usage') as owner, pg_has_role('managed', 'strata_maintenance', 'usage') as maintenance",
    );
    expect(rows).toEqual([{ owner: false, maintenance: false }]);
  });

  test('lets that admin set passwords', async () => {
    const admin = await server.connect('managed', 'managed');
    await expect(
      admin.query("alter role strata_app login password 'anything'"),
    ).resolves.toBeDefined();
  });

  test('lets that admin run the roles again', async () => {
    const admin = await server.connect('managed', 'managed');
    await expect(admin.query(roles)).resolves.toBeDefined();
  });
});

describe('roles that somebody changed', () => {
  test('a second database finds them made', async () => {
    await superuser.query('create database second');
    await installPlatform(server, 'second');
    expect(await catalogueProblems(await server.connect('postgres', 'second'))).toEqual([]);
  });

  test('lose what they must not have', async () => {
    await superuser.query(
      'alter role strata_tenant superuser bypassrls createrole login inherit; alter role strata_authenticator inherit',
    );
    await superuser.query(roles);
    const { rows } = await superuser.query(
      "select rolsuper, rolbypassrls, rolcreaterole, rolcanlogin, rolinherit from pg_roles where rolname = 'strata_tenant'",
    );
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcanlogin: false,
        rolinherit: false,
      },
    ]);
  });

  test('are refused while they are members of more, with the statement that ends it', async () => {
    await superuser.query('grant pg_read_all_data to strata_hasura');
    await expect(superuser.query(roles)).rejects.toMatchObject({
      message: expect.stringContaining('must not reach') as string,
      hint: expect.stringContaining('revoke pg_read_all_data from strata_hasura;') as string,
    });
    await superuser.query('revoke pg_read_all_data from strata_hasura');
  });
});
