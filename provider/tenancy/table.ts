import type { Client } from 'pg';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { ownTriggers, statements, type TableFence } from '../../components/tenancy/statements';
import { inTransaction, readLive, UnreachableError, withClient } from '../database/connect';
import { describeSqlError } from '../database/errors';
import type { Changes, Resource } from '../host/resource';
import { memberDifferences } from '../local/changes';

/**
 * The fence around one tenant-owned table: row level security, policies, grants and audit triggers, compiled from the
 * one declaration of tenancy.
 *
 * Everything is set in one transaction, policies before grants. A table whose shape lets tenants collide (a unique key
 * without `tenant_id`, for one) is refused with the statement that mends it. A fence that somebody changed by hand
 * shows as drift and is set again, and so does a shape that became unsafe. Deleting the resource takes every grant away and leaves the rows fenced.
 */
export interface TableInputs extends TableFence {
  /** Secret: connects as the migrator; a changed URL is no change of the fence. */
  url: string;
  cluster: string;
  /** Changes with every migration: a new one may have changed the table, so its fence is looked at again. */
  schema: string;
}

export interface TableState extends TableInputs {
  /** Fingerprint of the catalogue as the fence left it. */
  applied: string;
  /** Fingerprint of the catalogue as it is. */
  live: string;
}

const members = ['policies', 'grants', 'triggers'] as const;

export const table: Resource<TableInputs, TableState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    schema: z.string(),
    table: z.string(),
    policies: z.record(z.string(), z.string()),
    grants: z.record(z.string(), z.array(z.string())),
    triggers: z.record(z.string(), z.string()),
    shared: z.literal(true).optional(),
  }),
  computed: ['applied', 'live'],
  volatile: ['applied', 'live'],

  diff(state, inputs): Changes {
    if (state.cluster !== inputs.cluster) return { cluster: 'update' };
    if (state.table !== inputs.table) return { table: 'replace' };
    const changes: Changes = {};
    for (const kind of members) {
      Object.assign(
        changes,
        memberDifferences(state[kind], inputs[kind], (name) => `${kind}.${name}`),
      );
    }
    if (state.shared !== inputs.shared) changes.shared = 'update';
    if (state.schema !== inputs.schema) changes.schema = 'update';
    if (state.live !== state.applied) changes.live = 'update';
    return changes;
  },

  async create(inputs) {
    return { id: inputs.table, state: await fence(inputs) };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => {
      const live = await asOwner(client, () => fingerprint(client, state.table));
      return live === undefined ? undefined : { ...state, live };
    }),

  update: (_id, _state, inputs) => fence(inputs),

  async delete(_id, state, context) {
    try {
      await withClient(state.url, (client) => close(client, state.table));
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      context.warn(`${error.message}: the grants of ${state.table} stay as they are`);
    }
  },
};

/** The migrator itself sees nothing of the application's schema. */
function asOwner<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return inTransaction(client, 'strata_owner', work);
}

function fence(inputs: TableInputs): Promise<TableState> {
  return withClient(inputs.url, (client) =>
    asOwner(client, async () => {
      await refuseUnsafeShape(client, inputs.table, inputs.shared);
      for (const statement of statements(inputs)) {
        await client.query(statement).catch((error: unknown) => {
          throw describeSqlError(error, `fence of ${inputs.table}`, statement);
        });
      }
      const live = await fingerprint(client, inputs.table);
      if (live === undefined) throw new UserError(`${inputs.table} went away while it was fenced`);
      return { ...inputs, applied: live, live };
    }),
  );
}

/** Leaves row level security on and nobody who may pass it. */
async function close(client: Client, name: string): Promise<void> {
  await asOwner(client, async () => {
    if ((await fingerprint(client, name)) === undefined) return;
    const nothing = { table: name, policies: {}, grants: {}, triggers: {} };
    for (const statement of statements(nothing)) await client.query(statement);
  });
}

/** Throws what in a table's shape would let tenants meet, with the statements that mend it. */
export async function refuseUnsafeShape(
  client: Client,
  name: string,
  shared?: TableFence['shared'],
): Promise<void> {
  const found = await client.query<{ oid: number | null }>('select to_regclass($1)::oid as oid', [
    name,
  ]);
  const oid = found.rows[0]?.oid;
  if (!oid) {
    throw new UserError(
      `${name} is declared in tenancy.ts but does not exist: create it in a migration, or take it out of the declaration`,
    );
  }
  const { rows } = await client.query<{ problem: string }>(shared ? tenantsInside : shapeProblems, [
    oid,
  ]);
  if (rows.length) {
    // As migrations are written: without the schema.
    const schema = new RegExp(`\\b${name.split('.')[0] ?? ''}\\.`, 'g');
    const list = rows.map(({ problem }) => `  - ${problem.replace(schema, '')}`).join('\n');
    throw new UserError(`${name} cannot keep tenants apart as it is:\n${list}`);
  }
}

const shapeProblems = 'select problem from tenancy.table_problems($1::oid::regclass) as problem';

/** A table that belongs to no tenant, and yet says whose each row is, or shows rows of other tables. */
const tenantsInside = `
  select format('%I says whose a row is: declare it in tables instead of shared', attname) as problem
  from pg_attribute where attrelid = $1 and attname = 'tenant_id' and not attisdropped
  union all
  select format('it belongs to %s: alter table %s owner to strata_owner', relowner::regrole, oid::regclass)
  from pg_class where oid = $1 and relowner <> 'strata_owner'::regrole
  union all
  select format('it shows the rows of %s: alter table %s no inherit %s', inhrelid::regclass, inhrelid::regclass, inhparent::regclass)
  from pg_inherits where inhparent = $1 and exists (
    select from pg_attribute where attrelid = inhrelid and attname = 'tenant_id' and not attisdropped)`;

/** Everything in the catalogue that the fence consists of, as one hash; undefined when the table is gone. */
async function fingerprint(client: Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ catalogue: unknown }>(
    `select jsonb_build_object(
       'owner', pg_get_userbyid(c.relowner), 'enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity,
       'grants', (select jsonb_agg(a::text order by a::text) from unnest(c.relacl) a),
       'columns', (select jsonb_agg(jsonb_build_array(t.attname, t.attacl::text) order by t.attname)
                   from pg_attribute t where t.attrelid = c.oid and t.attacl is not null),
       'policies', (select jsonb_agg(jsonb_build_array(p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
                    order by p.policyname) from pg_policies p where (p.schemaname, p.tablename) = (n.nspname, c.relname)),
       'triggers', (select jsonb_agg(jsonb_build_array(pg_get_triggerdef(g.oid), g.tgenabled) order by g.tgname)
                    from pg_trigger g where g.tgrelid = c.oid and starts_with(g.tgname, '${ownTriggers}')),
       'problems', (select jsonb_agg(p order by p) from tenancy.table_problems(c.oid) p)
     ) as catalogue
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [name],
  );
  const row = rows[0];
  return row && createHash('sha256').update(JSON.stringify(row.catalogue)).digest('hex');
}
