import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks, topics } from './attacks';
import { mutants } from './mutants';
import { Arena } from './support/attempt';
import { catalogueProblems } from './support/catalogue';
import { clone, deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { verdict, type Attack } from './support/verdict';
import { readWorld, type World } from './support/world';

let server: Server;
let admin: Client;
let world: World;
let sound: string[];

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'whole');
  admin = await server.connect('postgres', 'postgres');
  const inside = await server.connect('postgres', 'whole');
  world = await readWorld(inside);
  sound = await catalogueProblems(inside);
  await inside.end();
});

afterAll(() => server.stop());

test('nothing is wrong with the catalogue of a deployed database', () => {
  expect(sound).toEqual([]);
});

describe('a fence that is taken down is noticed', () => {
  test.each(mutants)('$name ($noticedBy)', async ({ sql, noticedBy }) => {
    await clone(admin, 'whole', 'mutant');
    const inside = await server.connect('postgres', 'mutant');
    const memberships = await membershipsOf(inside);
    const arena = new Arena(server, 'mutant', world);
    try {
      await inside.query(sql);
      if (noticedBy === 'catalogue') {
        expect(await firstSuccess(arena, attacks)).toBeUndefined();
        expect(await catalogueProblems(inside)).not.toEqual([]);
      } else {
        expect(await firstSuccess(arena, topics[noticedBy])).toBeDefined();
      }
    } finally {
      await restoreMemberships(inside, memberships);
      await arena.close();
      await inside.end();
      await admin.query('drop database mutant with (force)');
    }
  });
});

async function firstSuccess(arena: Arena, tried: readonly Attack[]): Promise<string | undefined> {
  for (const attack of tried) {
    const found = await verdict(arena, attack);
    if (found?.success) return `${attack.name}: ${found.how}`;
  }
  return undefined;
}

/** Memberships belong to the cluster, so a mutant's would outlive its database. */
async function membershipsOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ pair: string }>(
    "select format('%s from %s', roleid::regrole, member::regrole) as pair from pg_auth_members",
  );
  return rows.map(({ pair }) => pair);
}

async function restoreMemberships(client: Client, before: readonly string[]): Promise<void> {
  for (const pair of await membershipsOf(client)) {
    if (!before.includes(pair)) await client.query(`revoke ${pair}`);
  }
}
