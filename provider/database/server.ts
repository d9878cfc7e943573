import { escapeIdentifier } from 'pg';
import { z } from 'zod';
import type { Resource } from '../host/resource';
import { differences } from '../local/changes';
import { readLive, withClient } from './connect';

/**
 * A Postgres server that something else runs, as the engine's machine finds it: made once it lets the admin in, and the
 * platform's database is there. A new server has none; here it gets it.
 *
 * Tells which cluster it is: what was applied to another one was not applied to this.
 *
 * @example new DatabaseServer('cluster', { url: adminUrl, setup: [] }, { dependsOn: [container] });
 */
export interface DatabaseServerInputs {
  /** A connection URL of the admin to the platform's database; secret. */
  url: string;
  /** Statements that the admin runs there, and again when they change: each may find its work done. */
  setup: string[];
  /** Where its data lies: other data is another cluster. */
  volume: string;
  /** Changes whenever the server was started anew: it is asked again. */
  instance: string;
}

export interface DatabaseServerState extends DatabaseServerInputs {
  systemIdentifier: string;
  /** Such as `18.6`. */
  version: string;
}

export const databaseServer: Resource<DatabaseServerInputs, DatabaseServerState> = {
  inputs: z.object({
    url: z.string().min(1),
    setup: z.array(z.string()),
    volume: z.string(),
    instance: z.string(),
  }),
  computed: ['systemIdentifier', 'version'],
  volatile: ['version'],

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['url', 'setup', 'instance'], 'update'),
    ...differences(state, inputs, ['volume'], 'replace'),
  }),

  async create(inputs) {
    const state = { ...inputs, ...(await setUp(inputs)) };
    return { id: state.systemIdentifier, state };
  },

  read: (_id, state) =>
    readLive(state.url, state, async () => ({ ...state, ...(await identify(state.url)) })),

  update: async (_id, _state, inputs) => ({ ...inputs, ...(await setUp(inputs)) }),

  delete: () => Promise.resolve(),
};

async function setUp({
  url,
  setup,
}: DatabaseServerInputs): Promise<Pick<DatabaseServerState, 'systemIdentifier' | 'version'>> {
  const maintenance = new URL(url);
  const name = maintenance.pathname.slice(1);
  maintenance.pathname = '/postgres';
  await withClient(maintenance.href, async (client) => {
    const there = await client.query('select from pg_catalog.pg_database where datname = $1', [
      name,
    ]);
    if (there.rowCount === 0) await client.query(`create database ${escapeIdentifier(name)}`);
  });
  await withClient(url, async (client) => {
    for (const statement of setup) await client.query(statement);
  });
  return identify(url);
}

function identify(url: string): Promise<Pick<DatabaseServerState, 'systemIdentifier' | 'version'>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ systemIdentifier: string; version: string }>(
      `select system_identifier::text as "systemIdentifier",
              split_part(current_setting('server_version'), ' ', 1) as version
       from pg_catalog.pg_control_system()`,
    );
    const [row] = rows;
    if (!row) throw new Error('the server does not tell its system identifier');
    return row;
  });
}
