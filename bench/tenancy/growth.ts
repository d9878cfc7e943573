import type { Table } from '../figures';
import { installLoop, way, type Driver } from './drivers';
import type { Scale } from './rls';
import { statements } from './statements';
import { fence, fillRegistry, makeTables, shipped } from './tables';
import { against, inTurn, type Way } from './turns';
import type { World } from './world';

const drivers: readonly Driver[] = ['cached', 'unnamed'];
const itemsEach = 100;

/** How many tenants there are, from few to many. */
export function steps({ size }: Scale): readonly number[] {
  return [10, 100, size.tenants, 5 * size.tenants].filter(
    (step, at, all) => step > (all[at - 1] ?? 0),
  );
}

/**
 * What a page and an insert of one tenant cost as there are more tenants that share the tables, each with as many rows:
 * tables with few and with many tenants in turn. Everything that a deployment puts up is there.
 */
export async function growth(world: World, scale: Scale): Promise<Table> {
  await fillRegistry(world.admin, Math.max(...steps(scale)));
  for (const tenants of steps(scale)) {
    const schema = `of_${tenants}`;
    await makeTables(world.admin, schema, { ...scale.size, tenants, items: itemsEach });
    await fence(world.admin, schema);
    await shipped(world.admin, schema, 'strata_');
    process.stderr.write(`${tenants} tenants in ${schema}\n`);
  }
  let table: Table = {};
  const connections = await world.clients(1);
  for (const name of ['page', 'insert'] as const) {
    const statement = statements[name];
    for (const driver of drivers) {
      const ways: Record<string, Way> = {};
      for (const tenants of steps(scale)) {
        const text = statement.fenced(`of_${tenants}`);
        const loop = await installLoop(world.admin, `${name}_of_${tenants}`, text);
        const size = { ...scale.size, tenants, items: itemsEach };
        ways[`${tenants} tenants`] = way(connections, {
          driver,
          key: statement.key,
          text,
          loop,
          size,
          inTransaction: 20,
        });
      }
      const label = `growth, shared: ${name}, ${driver}`;
      table = { ...table, ...against(label, await inTurn(ways, scale.turns), '10 tenants') };
    }
  }
  return table;
}
