import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks } from './outbox/attacks';
import { entering } from './outbox/entering';
import { handingOut } from './outbox/handing-out';
import { mutants, mutate } from './outbox/mutants';
import { Bench, watch, watcher } from './support/outbox';
import { clone, deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type World } from './support/world';

const promises = [...entering, ...handingOut, ...attacks];

let server: Server;
let admin: Client;
let world: World;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'whole');
  await watch(server, 'whole', [
    watcher('notes', 'app.notes'),
    watcher('projects', 'app.projects'),
    watcher('drafts', 'app.drafts'),
  ]);
  const inside = await server.connect('postgres', 'whole');
  world = await readWorld(inside);
  await inside.end();
  admin = await server.connect('postgres', 'postgres');
});

afterAll(() => server.stop());

/** A copy of the database for as long as `work` takes. */
async function inCopy<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  await clone(admin, 'whole', 'copy');
  const bench = new Bench(server, 'copy', world);
  try {
    return await work(bench);
  } finally {
    await bench.close();
    await admin.query('drop database copy with (force)');
  }
}

describe('the outbox', () => {
  test.each(promises)('$name', ({ holds }) => inCopy(holds));
});

describe('without one of its parts it breaks what it promises', () => {
  test.each(mutants)('$name', async (mutant) => {
    const broken: string[] = [];
    for (const { name, holds } of promises) {
      if (!mutant.breaks.test(name)) continue;
      await inCopy(async (bench) => {
        await mutate(bench, mutant);
        await holds(bench).catch(() => broken.push(name));
      });
    }
    expect(broken).not.toEqual([]);
  });
});
