import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bench } from './bench';
import { clone, deploy } from './platform';
import { startServer, type Server } from './server';
import { readWorld, type World } from './world';

/** What a schema promises: `holds` throws where it does not. */
export interface Promised<B extends Bench = Bench> {
  readonly name: string;
  readonly holds: (bench: B) => Promise<void>;
}

/** A part of a schema that is taken out, and the promises of which one must break. */
export interface Mutant {
  readonly name: string;
  readonly breaks: RegExp;
  /** Run by a superuser … */
  readonly sql?: string;
  /** … or one text of a function's body and what stands there instead. */
  readonly change?: readonly [name: string, from: string, to: string];
}

interface Proof<B extends Bench> {
  readonly schema: string;
  readonly what: string;
  /** Makes the tables of a deployed database tell of their changes. */
  readonly prepare: (server: Server, database: string) => Promise<void>;
  readonly bench: new (server: Server, database: string, world: World) => B;
  readonly promises: readonly Promised<B>[];
  readonly mutants: readonly Mutant[];
}

/** Tests each promise on a copy of a database of its own, and that it breaks where a part of the schema is taken out. */
export function provePromises<B extends Bench>(proof: Proof<B>): void {
  const { schema, what, promises, mutants } = proof;
  let server: Server;
  let admin: Client;
  let world: World;

  beforeAll(async () => {
    server = await startServer();
    await deploy(server, 'whole');
    await proof.prepare(server, 'whole');
    const inside = await server.connect('postgres', 'whole');
    world = await readWorld(inside);
    await inside.end();
    admin = await server.connect('postgres', 'postgres');
  });

  afterAll(() => server.stop());

  /** A copy of the database for as long as `work` takes. */
  async function inCopy<T>(work: (bench: B) => Promise<T>): Promise<T> {
    await clone(admin, 'whole', 'copy');
    const bench = new proof.bench(server, 'copy', world);
    try {
      return await work(bench);
    } finally {
      await bench.close();
      await admin.query('drop database copy with (force)');
    }
  }

  describe(what, () => {
    test.each(promises)('$name', ({ holds }) => inCopy(holds));
  });

  describe(`${what}, without a part, break what they promise`, () => {
    test.each(mutants)('$name', async (mutant) => {
      const broken: string[] = [];
      for (const { name, holds } of promises) {
        if (!mutant.breaks.test(name)) continue;
        await inCopy(async (bench) => {
          await mutate(bench, schema, mutant);
          await holds(bench).catch(() => broken.push(name));
        });
      }
      expect(broken).not.toEqual([]);
    });
  });
}

/** Takes the part out. Throws when it is not there: a mutant that changes nothing proves nothing. */
async function mutate(bench: Bench, schema: string, { sql, change }: Mutant): Promise<void> {
  if (sql !== undefined) await bench.admin(sql);
  if (!change) return;
  const [name, from, to] = change;
  const [{ text } = {}] = await bench.admin(
    `select pg_get_functiondef('${schema}.${name}'::regproc) as text`,
  );
  const before = String(text);
  if (!before.includes(from)) throw new Error(`${schema}.${name} has no ${from}`);
  await bench.admin(before.replaceAll(from, to));
}
