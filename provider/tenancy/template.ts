import { z } from 'zod';
import type { MigrationFile } from '../../components/data/migrations';
import { quoteName } from '../../components/tenancy/identifiers';
import { appSchema, mainShard, platformDatabase } from '../../components/tenancy/places';
import { readLive, withClient } from '../database/connect';
import { migration } from '../database/migration';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { bringUp } from './bring-up';
import { databaseAt } from './clusters';
import type { TenancyPlan } from './plan';

/** What new databases of tenants are copied from. */
export const templateDatabase = `${platformDatabase}_template`;

/** Its tables have no rows, so nobody's id has to be in its fences. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** What a template is made of. */
export interface TemplateContents {
  /** Statements of the admin that come first: extensions. */
  readonly setup: readonly string[];
  /** The platform's migrations. */
  readonly platform: readonly MigrationFile[];
  readonly plan: TenancyPlan;
}

/** How a cluster is reached to make its template. */
interface Access {
  /** Secret: connects as the cluster's admin to its database `strata`. */
  readonly admin: string;
  /** Secret: connects as `strata_migrator` to its database `strata`. */
  readonly migrator: string;
}

/**
 * The template of tenants' databases on one cluster: the platform's SQL, the application's tables and the fences around
 * them, and no row. Made anew when the schema changes, so that a new tenant begins with the newest; the old one serves
 * until then. Costs the time of a first deployment's SQL, about a second.
 */
export interface TemplateInputs {
  admin: string;
  migrator: string;
  /** The system identifier of the cluster. */
  cluster: string;
  /** `TemplateContents` as JSON: in the state it is one text. */
  contents: string;
  /** Of the plan. */
  version: string;
}

export const template: Resource<TemplateInputs, TemplateInputs> = {
  inputs: z.object({
    admin: z.string(),
    migrator: z.string(),
    cluster: z.string(),
    contents: z.string(),
    version: z.string(),
  }),
  computed: [],

  diff: (state, inputs) => differences(state, inputs, ['cluster', 'contents', 'version'], 'update'),

  async create(inputs, context) {
    await makeTemplate(inputs, JSON.parse(inputs.contents) as TemplateContents, context);
    return { id: templateDatabase, state: inputs };
  },

  read: (_id, state) =>
    readLive(state.migrator, state, async (client) => {
      const { rows } = await client.query<{ comment: string | null }>(
        `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
        [templateDatabase],
      );
      const [row] = rows;
      return row && { ...state, version: row.comment === commentOf(state) ? state.version : '' };
    }),

  async update(_id, _state, inputs, context) {
    await makeTemplate(inputs, JSON.parse(inputs.contents) as TemplateContents, context);
    return inputs;
  },

  async delete(_id, { admin }) {
    await withClient(admin, dropTemplate);
  },
};

/** Makes the template anew and puts it in the place of the old one. */
export async function makeTemplate(
  { admin, migrator }: Access,
  { setup, platform, plan }: TemplateContents,
  context: Context,
): Promise<void> {
  const next = `${templateDatabase}_next`;
  await withClient(admin, async (client) => {
    await client.query(`drop database if exists ${quoteName(next)} with (force)`);
    await client.query(`create database ${quoteName(next)}`);
  });
  await withClient(databaseAt(admin, next), async (client) => {
    for (const statement of setup) await client.query(statement);
  });
  for (const { name, sql, role } of platform) {
    const url = databaseAt(role === 'admin' ? admin : migrator, next);
    await migration.create({ url, cluster: 'template', scope: 'platform', name, sql }, context);
  }
  const place = {
    model: 'database',
    shard: mainShard,
    database: next,
    schema: appSchema,
    role: 'strata_tenant',
  } as const;
  await withClient(databaseAt(migrator, next), (client) =>
    bringUp({ client, place, tenantId: nobody, plan, first: true }),
  );
  await withClient(admin, async (client) => {
    await dropTemplate(client);
    const name = quoteName(templateDatabase);
    await client.query(`alter database ${quoteName(next)} rename to ${name}`);
    await client.query(`comment on database ${name} is ${client.escapeLiteral(commentOf(plan))}`);
    await client.query(`alter database ${name} is_template true allow_connections false`);
  });
}

function commentOf({ version }: { readonly version: string }): string {
  return `Strata ${version}`;
}

/** A template cannot be dropped while it is one. */
async function dropTemplate(client: {
  query(text: string): Promise<{ rowCount: number | null }>;
}): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_database where datname = '${templateDatabase}'`,
  );
  if (!rowCount) return;
  const name = quoteName(templateDatabase);
  await client.query(`alter database ${name} is_template false`);
  await client.query(`drop database ${name} with (force)`);
}
