import { audited } from './designs';
import { installLoop, way, type Driver } from './drivers';
import type { Scale } from './rls';
import { bulk, statements, type Statement } from './statements';
import { fence, fillRegistry, makeTables, shipped } from './tables';
import { against, inTurn } from './turns';
import type { Table } from '../figures';
import type { World } from './world';

const writes: Readonly<Record<string, Pick<Statement, 'key' | 'fenced'>>> = {
  insert: statements.insert,
  update: statements.update,
  ...bulk,
};
const drivers: readonly Driver[] = ['cached', 'named'];

/** What each way of recording changes adds to writes below row level security that no trigger follows. */
export async function audit(world: World, scale: Scale): Promise<Table> {
  const { admin } = world;
  const schemas = {
    'no trigger': 'bare',
    'keys of a statement': 'keys',
    'whole rows of a statement': 'whole',
    'whole row by row': 'rows',
  };
  await furnish(world, scale, Object.values(schemas));
  await shipped(admin, 'keys', 'strata_audit');
  await audited(admin, 'whole', 'statement');
  await audited(admin, 'rows', 'row');
  return measure(world, scale, 'audit', schemas, 'no trigger');
}

/** What the lock adds that makes writers wait while their tenant moves. */
export async function hold(world: World, scale: Scale): Promise<Table> {
  const schemas = { 'no trigger': 'bare', hold: 'held' };
  await furnish(world, scale, Object.values(schemas));
  await shipped(world.admin, 'held', 'strata_hold');
  return measure(world, scale, 'hold', schemas, 'no trigger');
}

async function furnish(world: World, { size }: Scale, schemas: readonly string[]): Promise<void> {
  await fillRegistry(world.admin, size.tenants);
  for (const schema of schemas) {
    await makeTables(world.admin, schema, few(size));
    await fence(world.admin, schema);
    process.stderr.write(`tables in ${schema}\n`);
  }
}

/** A write touches few rows, so a tenth of them is as deep as all of them. */
function few(size: Scale['size']): Scale['size'] {
  return { ...size, items: Math.max(10, Math.floor(size.items / 10)) };
}

async function measure(
  world: World,
  { size, turns, clients }: Scale,
  label: string,
  schemas: Readonly<Record<string, string>>,
  base: string,
): Promise<Table> {
  let table: Table = {};
  for (const [name, statement] of Object.entries(writes)) {
    for (const count of clients) {
      const connections = await world.clients(count);
      for (const driver of drivers) {
        const ways = await Promise.all(
          Object.entries(schemas).map(async ([design, schema]) => {
            const text = statement.fenced(schema);
            const loop = await installLoop(
              world.admin,
              `${name.replaceAll(' ', '_')}_${schema}`,
              text,
            );
            const inTransaction = name in bulk ? 2 : 20;
            const asked = {
              driver,
              key: statement.key,
              text,
              loop,
              size: few(size),
              inTransaction,
            };
            return [design, way(connections, asked)] as const;
          }),
        );
        const rates = await inTurn(Object.fromEntries(ways), turns);
        table = {
          ...table,
          ...against(`${label}: ${name}, ${driver}, ${count} cl.`, rates, base),
        };
        process.stderr.write(`${label}: ${name}, ${driver}, ${count} clients\n`);
      }
    }
  }
  return table;
}
