import type { Client } from 'pg';
import { figures, type Table } from '../figures';
import { tenantRole } from '../../components/tenancy/places';
import { steps } from './growth';
import { person } from './people';
import type { Scale } from './rls';
import { against, inTurn, type Way } from './turns';
import type { World } from './world';

const inOneCall = 200;

/**
 * What it costs a session to become the role of a tenant with a schema of its own, as there are more such roles; against
 * becoming `strata_tenant`, in turn. And the first time after any role was made, when Postgres reads memberships anew.
 */
export async function roles(world: World, scale: Scale): Promise<Table> {
  await world.admin.query(`
    create function bench.become(roles text[]) returns void language plpgsql as $$
      begin
        for at in 1 .. cardinality(roles) loop perform set_config('role', roles[at], true); end loop;
      end $$;
    grant usage on schema bench to strata_authenticator;
    grant execute on function bench.become to strata_authenticator`);
  const [client] = await world.clients(1);
  if (!client) return {};
  let table: Table = {};
  let made = 0;
  for (const count of steps(scale)) {
    for (; made < count; made += 1) {
      await world.admin.query('select strata.make_tenant_role($1, null)', [
        person(made + 1).tenant,
      ]);
    }
    process.stderr.write(`${count} roles\n`);
    const ways = {
      strata_tenant: become(client, () => 'strata_tenant'),
      'a tenant’s role': become(client, () => roleOf(1 + Math.floor(Math.random() * count))),
    };
    table = {
      ...table,
      ...against(`SET ROLE, ${count} roles`, await inTurn(ways, scale.turns), 'strata_tenant'),
      [`SET ROLE, ${count} roles: first after one was made, ms`]: figures(
        await afterChange(world, client, scale),
      ),
    };
  }
  return table;
}

function become(client: Client, next: () => string): Way {
  return async (milliseconds) => {
    const started = performance.now();
    let count = 0;
    while (performance.now() < started + milliseconds) {
      await client.query('begin');
      await client.query('select bench.become($1)', [Array.from({ length: inOneCall }, next)]);
      await client.query('rollback');
      count += inOneCall;
    }
    return (count / (performance.now() - started)) * 1000;
  };
}

async function afterChange(world: World, client: Client, { turns }: Scale): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < turns.rounds; round += 1) {
    await world.admin.query(
      'create role bench_one; grant bench_one to strata_authenticator; drop role bench_one',
    );
    await client.query('begin');
    const started = performance.now();
    await client.query("select set_config('role', $1, true)", [roleOf(1)]);
    took.push(performance.now() - started);
    await client.query('rollback');
  }
  return took;
}

function roleOf(number: number): string {
  return tenantRole(person(number).tenant);
}
