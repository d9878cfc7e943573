import type { Table } from '../figures';
import { drivers, installLoop, rowsOf, way } from './drivers';
import { person } from './people';
import { statements, type StatementName } from './statements';
import { fence, fillRegistry, makeTables, open, type Size } from './tables';
import { against, inTurn, type Turns } from './turns';
import type { World } from './world';

/** How much of everything: a million rows of a thousand tenants, or less for a look. */
export interface Scale {
  readonly size: Size;
  readonly turns: Turns;
  readonly clients: readonly number[];
}

/**
 * Statements below row level security, against the same ones with an explicit `tenant_id = …` on the same tables without
 * it. Both in the same transactions of the same sessions, on the same kept connections, in turn. No trigger on either.
 */
export async function rls(world: World, { size, turns, clients }: Scale): Promise<Table> {
  await fillRegistry(world.admin, size.tenants);
  for (const schema of ['fenced', 'plain']) {
    await makeTables(world.admin, schema, size);
    process.stderr.write(`${size.tenants * size.items} rows in ${schema}\n`);
  }
  await fence(world.admin, 'fenced');
  await open(world.admin, 'plain');

  let table: Table = {};
  for (const name of Object.keys(statements) as StatementName[]) {
    const statement = statements[name];
    const sides = { RLS: statement.fenced('fenced'), WHERE: statement.plain('plain') };
    const loops = {
      RLS: await installLoop(world.admin, `${name}_fenced`, sides.RLS),
      WHERE: await installLoop(world.admin, `${name}_plain`, sides.WHERE),
    };
    await refuseDifferent(world, name, sides, size);
    for (const count of clients) {
      const connections = await world.clients(count);
      for (const driver of drivers) {
        const side = (one: 'RLS' | 'WHERE') =>
          way(connections, {
            driver,
            key: statement.key,
            text: sides[one],
            loop: loops[one],
            size,
            inTransaction: 20,
          });
        const rates = await inTurn({ RLS: side('RLS'), WHERE: side('WHERE') }, turns);
        table = { ...table, ...against(`${name}, ${driver}, ${count} cl.`, rates, 'WHERE') };
        process.stderr.write(`${name}, ${driver}, ${count} clients\n`);
      }
    }
  }
  return table;
}

/** Statements that do not touch the same rows must not be compared: a policy that hides everything is fast. */
async function refuseDifferent(
  world: World,
  name: StatementName,
  sides: Readonly<Record<'RLS' | 'WHERE', string>>,
  size: Size,
): Promise<void> {
  const [client] = await world.clients(1);
  if (!client) return;
  const { key } = statements[name];
  const fenced = await rowsOf(client, { key, text: sides.RLS, size }, person(1));
  const plain = await rowsOf(client, { key, text: sides.WHERE, size }, person(1));
  if (fenced === 0 || fenced !== plain) {
    throw new Error(`${name} has ${fenced} rows below RLS and ${plain} without`);
  }
}
