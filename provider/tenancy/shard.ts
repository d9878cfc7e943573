import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { asMaintenance, inTransaction, readLive } from '../database/connect';
import { differences } from '../local/changes';
import type { Resource } from '../host/resource';

/**
 * A database cluster besides the platform's own, in the registry: where services reach it. One that still has tenants
 * is not taken out.
 */
export interface ShardInputs {
  /** Secret: connects as the migrator to the database with the registry. */
  url: string;
  cluster: string;
  name: string;
  host: string;
  port: number;
}

export const shard: Resource<ShardInputs, ShardInputs> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    name: z.string(),
    host: z.string(),
    port: z.number(),
  }),
  computed: [],

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['cluster', 'host', 'port'], 'update'),
    ...differences(state, inputs, ['name'], 'replace'),
  }),

  async create(inputs) {
    await write(inputs);
    return { id: inputs.name, state: inputs };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => {
      const { rows } = await inTransaction(client, 'strata_maintenance', () =>
        client.query<{ host: string; port: number }>(
          'select host, port from registry.shards where name = $1',
          [state.name],
        ),
      );
      return rows[0] && { ...state, ...rows[0] };
    }),

  async update(_id, _state, inputs) {
    await write(inputs);
    return inputs;
  },

  async delete(_id, { url, name }) {
    await asMaintenance(url, async (client) => {
      const { rows } = await client.query<{ slug: string }>(
        'select slug from registry.tenants where shard = $1 order by slug limit 5',
        [name],
      );
      if (rows.length > 0) {
        throw new UserError(
          `shard ${name} still has tenants (${rows.map(({ slug }) => slug).join(', ')}…): move them first ` +
            `(npm run tenants -- move), or put strata:tenancy.shards.${name} back`,
        );
      }
      await client.query('delete from registry.shards where name = $1', [name]);
    });
  },
};

async function write({ url, name, host, port }: ShardInputs): Promise<void> {
  await asMaintenance(url, (client) =>
    client.query(
      `insert into registry.shards (name, host, port) values ($1, $2, $3)
       on conflict (name) do update set host = excluded.host, port = excluded.port`,
      [name, host, port],
    ),
  );
}
