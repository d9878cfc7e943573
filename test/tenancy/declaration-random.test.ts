import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackSql, claimsOf, type Sides } from '../../components/tenancy/attack-sql';
import { attacksOf } from '../../components/tenancy/attacks';
import { defaultAudience } from '../../components/tenancy/audience';
import { compileTenancy } from '../../components/tenancy/compile';
import { installPlatform } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { declarations } from '../support/declarations';
import { putUp, run } from './support/declared';
import { runs, seed } from '../support/random';

const numRuns = runs(25);

const side = (digit: string): Sides['own'] => {
  const row = `'${digit}0000000-0000-4000-8000-0000000000ff'`;
  return {
    tenant: `${digit}0000000-0000-4000-8000-000000000001`,
    user: `${digit}0000000-0000-4000-8000-000000000002`,
    other: `${digit}0000000-0000-4000-8000-000000000003`,
    rows: { 'app.x': { code: `'new'` }, 'app.y': { code: `'new'` } },
    keys: { 'app.a': { id: row }, 'app.b': { id: row } },
  };
};
const sides: Sides = { own: side('1'), victim: side('2') };

const create = (table: string): string => `
  create table app.${table} (
    tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,
    id uuid not null default gen_random_uuid(), owner_id uuid default tenancy.require_user_id(),
    body text, name text, score int, a_id uuid, b_id uuid, primary key (tenant_id, id),
    foreign key (tenant_id, owner_id) references registry.members on delete cascade,
    foreign key (tenant_id, a_id) references app.a on delete cascade);`;

const people = ({ tenant, user, other, keys }: Sides['own']): string => `
  insert into registry.tenants (id, slug, name) values ('${tenant}', 't-${tenant}', 'T');
  insert into registry.users (id, handle) values ('${user}', '${user}'), ('${other}', '${other}');
  insert into registry.members (tenant_id, user_id, role) values ('${tenant}', '${user}', 'admin'), ('${tenant}', '${other}', 'member');
  ${['a', 'b', 'c', 'd']
    .map(
      (table) => `insert into app.${table} (tenant_id, id, owner_id) values
    ('${tenant}', ${keys['app.a']?.id ?? ''}, '${user}'), ('${tenant}', gen_random_uuid(), '${other}');`,
    )
    .join('\n')}`;

let server: Server;

beforeAll(async () => {
  server = await startServer();
  const root = await server.connect('postgres', 'postgres');
  await root.query('create database random');
  await installPlatform(server, 'random');
});

afterAll(() => server.stop());

test(`whatever is declared, its attacks come to what they must (STRATA_TEST_SEED=${seed}, ${numRuns} declarations)`, async () => {
  const admin = await server.connect('postgres', 'random');
  const client = await server.connect('strata_authenticator', 'random');
  await admin.query(`set role strata_owner; ${['a', 'b', 'c', 'd'].map(create).join('')}
    ${['a', 'b', 'c', 'd'].map((table) => `alter table app.${table} add foreign key (tenant_id, b_id) references app.b on delete cascade;`).join('')}
    ${['x', 'y'].map((table) => `create table app.${table} (code text primary key); insert into app.${table} values ('one');`).join('')}
    reset role; ${people(sides.own)} ${people(sides.victim)}`);

  let tried = 0;
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      await putUp(admin, compileTenancy(declaration));
      const surprises: string[] = [];
      for (const attack of attacksOf(declaration)) {
        const { role, claims } = claimsOf(attack, sides, defaultAudience);
        const sql = attackSql(declaration, attack, sides, defaultAudience);
        const outcome = await run(client, role, claims, sql, attack.deed.do === 'refer');
        if (outcome !== attack.expect) surprises.push(`${attack.name}, but: ${outcome} (${sql})`);
        tried += 1;
      }
      expect(surprises).toEqual([]);
    }),
    { seed, numRuns, endOnFailure: true },
  );
  console.log(`${tried} attacks on ${numRuns} declarations, STRATA_TEST_SEED=${seed}`);
  expect(tried).toBeGreaterThan(100 * numRuns);
});
