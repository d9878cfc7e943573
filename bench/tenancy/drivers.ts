import type { Client } from 'pg';
import { claims, keys, person, type Person } from './people';
import { parametersOf, type Statement } from './statements';
import type { Size } from './tables';
import type { Way } from './turns';

/**
 * How statements reach Postgres. `planned` and `cached` run in a loop inside the server, so that neither network nor
 * driver dilutes a ratio: planned anew each time, or with a plan that is kept. `unnamed` and `named` are sent one by one
 * by the driver of the services, planned anew or kept; storage and functions do the first, GraphQL the second.
 */
export const drivers = ['planned', 'cached', 'unnamed', 'named'] as const;
export type Driver = (typeof drivers)[number];

/** What the loops inside the server are made of; each session may call them. */
export async function installLoops(admin: Client): Promise<void> {
  await admin.query(`
    create schema bench;
    grant usage on schema bench to strata_tenant;
    create function bench.planned(statement text, keys uuid[], tenant uuid, author uuid) returns void language plpgsql as $$
      begin
        for at in 1 .. cardinality(keys) loop execute statement using keys[at], tenant, author; end loop;
      end $$;
    grant execute on function bench.planned to strata_tenant`);
}

/** The loop of one statement whose plan is kept. Returns its name. */
export async function installLoop(admin: Client, name: string, text: string): Promise<string> {
  const body = text
    .replace(/^select/, 'perform')
    .replace(/returning id$/, 'returning id into made')
    .replaceAll('$1', 'keys[at]')
    .replaceAll('$2', 'tenant')
    .replaceAll('$3', 'author');
  await admin.query(`
    create or replace function bench.${name}(keys uuid[], tenant uuid, author uuid) returns void language plpgsql as $$
      declare made uuid;
      begin
        for at in 1 .. cardinality(keys) loop ${body}; end loop;
      end $$;
    grant execute on function bench.${name} to strata_tenant`);
  return `bench.${name}`;
}

/** What a way needs to know of a statement. */
export interface Asked {
  readonly driver: Driver;
  readonly key: Statement['key'];
  readonly text: string;
  /** Of `installLoop`: for the driver `cached`. */
  readonly loop: string;
  readonly size: Size;
  /** Statements of one transaction: of a page that somebody opens, say. */
  readonly inTransaction: number;
}

/** All clients at once, each one for tenants of its own, so that none waits for another's row. */
export function way(clients: readonly Client[], asked: Asked): Way {
  return async (milliseconds) => {
    const started = performance.now();
    const counts = await Promise.all(
      clients.map(async (client, index) => {
        let count = 0;
        while (performance.now() < started + milliseconds) {
          const turn = Math.floor(Math.random() * Math.floor(asked.size.tenants / clients.length));
          await transaction(client, asked, person(1 + index + turn * clients.length));
          count += asked.inTransaction;
        }
        return count;
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    return counts.reduce((sum, count) => sum + count, 0) / seconds;
  };
}

/** A transaction as the services begin it: role and claims are set, for it alone. */
async function transaction(client: Client, asked: Asked, one: Person): Promise<void> {
  const { driver, key: kind, text, loop, size, inTransaction } = asked;
  const wanted = keys(one, kind, size, inTransaction);
  await begin(client, one);
  if (driver === 'planned') {
    await client.query('select bench.planned($1, $2, $3, $4)', [
      text,
      wanted,
      one.tenant,
      one.user,
    ]);
  } else if (driver === 'cached') {
    await client.query(`select ${loop}($1, $2, $3)`, [wanted, one.tenant, one.user]);
  } else {
    for (const key of wanted) {
      const values = valuesFor(text, key, one);
      await client.query({ text, values, ...(driver === 'named' && { name: loop }) });
    }
  }
  await client.query('commit');
}

/** How many rows a statement reads or writes for somebody; nothing of it stays. */
export async function rowsOf(
  client: Client,
  { key: kind, text, size }: Pick<Asked, 'key' | 'text' | 'size'>,
  one: Person,
): Promise<number> {
  const [key = ''] = keys(one, kind, { ...size, folders: 1, items: 1 }, 1);
  await begin(client, one);
  const { rowCount } = await client.query(text, valuesFor(text, key, one));
  await client.query('rollback');
  return rowCount ?? 0;
}

async function begin(client: Client, one: Person): Promise<void> {
  await client.query('begin');
  await client.query(
    "select set_config('role', 'strata_tenant', true), set_config('request.jwt.claims', $1, true)",
    [claims(one)],
  );
}

function valuesFor(text: string, key: string, { tenant, user }: Person): string[] {
  return [key, tenant, user].slice(0, parametersOf(text));
}
