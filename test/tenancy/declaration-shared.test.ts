import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import type { Context } from '../../provider/host/resource';
import { table } from '../../provider/tenancy/table';
import { startServer, type Server } from '../sql/support/server';
import { deployDeclared } from './support/declared';

let server: Server;
let admin: Client;
const context: Context = {
  urn: 'urn:pulumi:test::strata::strata:tenancy:Table::app.countries',
  stack: 'test',
  name: 'app.countries',
  signal: new AbortController().signal,
  progress: () => undefined,
  warn: () => undefined,
};

beforeAll(async () => {
  server = await startServer();
  admin = await deployDeclared(server, 'shared');
});

afterAll(() => server.stop());

/** Runs a statement as the owner, looks, and undoes it by another. */
async function around<T>(sql: string, undo: string, look: () => Promise<T>): Promise<T> {
  await admin.query(`set role strata_owner; ${sql}; reset role`);
  try {
    return await look();
  } finally {
    await admin.query(undo);
  }
}

describe('a shared table', () => {
  const fenceOf = (name: string): Parameters<typeof table.create>[0] => {
    const [fence] = compileTenancy({ tables: {}, shared: { [name]: 'member' } });
    if (!fence) throw new Error(name);
    return { url: server.url('strata_migrator', 'shared'), cluster: 'test', schema: '1', ...fence };
  };

  test('is fenced without a tenant', async () => {
    const { state } = await table.create(fenceOf('app.countries'), context);
    expect(table.diff(state, fenceOf('app.countries'))).toEqual({});
  });

  test.each([
    [
      'that says whose its rows are',
      'create table app.odd (tenant_id uuid)',
      'tenant_id says whose a row is: declare it in tables instead of shared',
    ],
    [
      'that shows the rows of one',
      'create table app.odd (id uuid); alter table app.odd add body text; create table app.heir (tenant_id uuid) inherits (app.odd)',
      'it shows the rows of heir: alter table heir no inherit odd',
    ],
    ['that is not there', 'select 1', 'app.odd is declared in tenancy.ts but does not exist'],
  ])('%s is refused', async (_what, sql, message) => {
    await expect(
      around(sql, 'drop table if exists app.odd cascade', () =>
        table.create(fenceOf('app.odd'), context),
      ),
    ).rejects.toThrow(message);
  });
});
