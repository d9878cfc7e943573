import { startServer } from '../../test/sql/support/server';
import { deployCluster, planWith } from '../../test/tenancy/support/platform';
import { figures, type Table } from '../figures';
import { steps } from './growth';
import { Population, type OwnModel } from './population';
import type { Scale } from './rls';
import { against, inTurn } from './turns';
import { settings } from './world';

/** How many tenants have a place before changes are rolled out over them, for each of both ways. */
const populations = { schema: 40, database: 8 } as const;

/**
 * How fast tenants get schemas and databases of their own, and how fast a change reaches all of them: by Strata with some
 * workers, against a script that does one statement after the other on one connection. New tenants of both in turn.
 */
export async function places({ turns }: Scale): Promise<Table> {
  const tables: Table[] = [];
  for (const model of ['schema', 'database'] as const) {
    tables.push(
      await inCluster(model, async (population) => {
        const made = { script: population.scripted(), Strata: population.provisioned() };
        const fresh = against(`${model}: tenants made`, await inTurn(made, turns), 'script');
        process.stderr.write(`${model}: tenants made\n`);
        await population.populate(populations[model]);
        const changed = { script: population.changedByScript(), Strata: population.changed() };
        const after = against(`${model}: tenants changed`, await inTurn(changed, turns), 'script');
        process.stderr.write(`${model}: tenants changed\n`);
        return { ...fresh, ...after };
      }),
    );
  }
  return Object.assign({}, ...tables) as Table;
}

/** How fast Strata makes one more tenant with a schema as there are more. What grows cannot be measured in turn. */
export function crowd(scale: Scale): Promise<Table> {
  return inCluster('schema', async (population) => {
    let table: Table = {};
    for (const count of steps(scale)) {
      await population.grow(count);
      const { made } = await inTurn({ made: population.provisioned() }, scale.turns);
      table = { ...table, [`schema: made, above ${count} tenants, per s`]: figures(made) };
      process.stderr.write(`${count} schemas\n`);
    }
    return table;
  });
}

/** Both ways are kept waiting by the disk, as on a server whose tenants must not be lost. */
const durable = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

async function inCluster(
  model: OwnModel,
  work: (population: Population) => Promise<Table>,
): Promise<Table> {
  const server = await startServer({ extra: { ...settings, ...durable } });
  try {
    const plan = planWith();
    await deployCluster(server, plan);
    return await work(new Population(server, plan, model));
  } finally {
    await server.stop();
  }
}
