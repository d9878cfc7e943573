import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { HasuraRules } from '../../components/tenancy/hasura';
import { hasuraMetadata } from '../../components/tenancy/hasura-metadata';
import { UserError } from '../../engine/errors';
import { inTransaction, withClient } from '../database/connect';
import type { Changes, Context, Resource } from '../host/resource';
import { differences, memberDifferences } from '../local/changes';
import {
  exportMetadata,
  HasuraOvertaken,
  HasuraUnavailable,
  replaceMetadata,
  type Exported,
  type Hasura,
} from './api';
import { fingerprint, isEmpty, keptSources } from './document';

/**
 * All metadata of one Hasura: the tables of the declaration, who may do what with them, and nothing else.
 *
 * A preview names the permissions that change. It is replaced as a whole, and only in the edition that was read: a
 * second writer makes it read again, and what does not fit the database is refused with each object, and nothing of it
 * stays. What somebody clicked together in the console shows as drift and is put back. Deleting the resource takes all
 * tables out of Hasura's API. Columns are looked up in the database, after the migrations.
 */
export interface MetadataInputs extends HasuraRules, Hasura {
  /** Secret: connects as the migrator; a changed URL is no change of the metadata. */
  url: string;
  cluster: string;
  /** Changes with every migration: columns may be others. */
  schema: string;
  /** Source → variable of its URL, where another service tracks its own tables: they stay, and nobody may read them. */
  others: Record<string, string>;
  /** What `app/hasura/` adds, by the member of the metadata: actions, remote schemas, cron triggers, … */
  application: Record<string, unknown>;
}

export interface MetadataState extends MetadataInputs {
  /** Fingerprint of the metadata as it was left. */
  applied: string;
  /** Fingerprint of the metadata as it is. */
  live: string;
}

const attempts = 5;
const pauseMs = 200;

const nothing = { version: 3, sources: [] };

const rule = z.record(z.string(), z.unknown());

export const metadata: Resource<MetadataInputs, MetadataState> = {
  inputs: z.object({
    endpoint: z.url({ protocol: /^http$/, error: 'must look like http://127.0.0.1:8080' }),
    adminSecret: z.string().min(1),
    url: z.string(),
    cluster: z.string(),
    schema: z.string(),
    tables: z.record(z.string(), rule),
    permissions: z.record(z.string(), rule),
    others: z.record(z.string(), z.string()),
    application: z.record(z.string(), z.unknown()),
  }),
  computed: ['applied', 'live'],
  volatile: ['applied', 'live'],

  diff(state, inputs): Changes {
    return {
      ...differences(state, inputs, ['cluster', 'schema'], 'update'),
      ...memberDifferences(state.tables, inputs.tables, (name) => `tables["${name}"]`),
      ...memberDifferences(
        state.permissions,
        inputs.permissions,
        (name) => `permissions["${name}"]`,
      ),
      ...memberDifferences(state.others, inputs.others, (name) => `others["${name}"]`),
      ...memberDifferences(
        state.application,
        inputs.application,
        (name) => `application["${name}"]`,
      ),
      ...(state.live !== state.applied && { live: 'update' as const }),
    };
  },

  async create(inputs, context) {
    const { metadata: before } = await exportMetadata(inputs, context.signal);
    if (!isEmpty(before)) context.warn('what was in Hasura before, from whomever, is replaced');
    return { id: 'metadata', state: await apply(inputs, context) };
  },

  async read(_id, state, { signal }) {
    try {
      return { ...state, live: fingerprint(await exportMetadata(state, signal), state.others) };
    } catch (error) {
      // An outage says nothing of the metadata.
      if (error instanceof HasuraUnavailable) return state;
      throw error;
    }
  },

  async update(_id, state, inputs, context) {
    if (state.live !== state.applied) {
      context.warn(
        'somebody else has changed the metadata: it is put back to what the program says',
      );
    }
    return apply(inputs, context);
  },

  async delete(_id, state, context) {
    try {
      const live = fingerprint(await exportMetadata(state, context.signal), state.others);
      if (live === state.applied) await replace(state, () => nothing, context);
      else context.warn('somebody else has changed the metadata: it stays as it is');
    } catch (error) {
      if (!(error instanceof HasuraUnavailable)) throw error;
      context.warn(`${error.message}: its metadata stays as it is`);
    }
  },
};

async function apply(inputs: MetadataInputs, context: Context): Promise<MetadataState> {
  const columns = await columnsOf(inputs);
  const wanted = (before: unknown): unknown => ({
    ...inputs.application,
    ...hasuraMetadata(inputs, columns, keptSources(inputs.others, before)),
  });
  const live = fingerprint(await replace(inputs, wanted, context), inputs.others);
  return { ...inputs, applied: live, live };
}

/** Replaces all metadata by what is wanted in the place of what is there; returns what Hasura has made of it. */
async function replace(
  hasura: Hasura,
  wanted: (before: unknown) => unknown,
  { signal }: Context,
): Promise<Exported> {
  for (let attempt = 1; ; attempt += 1) {
    const { version, metadata: before } = await exportMetadata(hasura, signal);
    try {
      await replaceMetadata(hasura, version, wanted(before), signal);
      const after = await exportMetadata(hasura, signal);
      // A replacement is one edition; whoever wrote after it would be taken for us.
      if (after.version === version + 1) return after;
      throw new HasuraOvertaken('somebody else has changed the metadata since');
    } catch (error) {
      if (!(error instanceof HasuraOvertaken)) throw error;
      if (attempt === attempts) {
        throw new UserError(
          `Somebody else keeps changing Hasura's metadata: it was read ${String(attempts)} times and was another each time. ` +
            'End the other writer (a console, a CLI, a second deployment) and run it again',
        );
      }
      await sleep(pauseMs * attempt, undefined, { signal });
    }
  }
}

/** Table → its columns, in order; a table that is not there has none. */
async function columnsOf({ url, tables }: MetadataInputs): Promise<Record<string, string[]>> {
  const { rows } = await withClient(url, (client) =>
    inTransaction(client, 'strata_owner', () =>
      client.query<{ table: string; columns: string[] }>(
        `select name as table, array_agg(attname::text order by attnum) as columns
         from unnest($1::text[]) as name join pg_attribute on attrelid = to_regclass(name)
         where attnum > 0 and not attisdropped group by name`,
        [Object.keys(tables)],
      ),
    ),
  );
  return Object.fromEntries(rows.map(({ table, columns }) => [table, columns]));
}
