import type { Client } from 'pg';
import { namesColumns, statements } from '../../components/tenancy/statements';
import type { Place } from '../../components/tenancy/places';
import { sha256 } from '../database/migration-file';
import { fencesAt, type TenancyPlan } from './plan';

interface Fenced {
  readonly client: Client;
  readonly place: Place;
  readonly tenantId: string;
  readonly plan: TenancyPlan;
  readonly first?: boolean;
}

/** Whether the fences of a place can stay as they are, and the hash of those that the plan wants. */
export interface FenceChanges {
  readonly hash: string;
  readonly stay: boolean;
}

/**
 * Looks at the fences before migrations run; what it returns looks again after them. They stay where the plan wants those
 * of which `known` is the hash, and no migration touched anything that they consist of. Grants on all columns but some
 * are made anew, because a new column is in none of them; so are the fences of the first place, which is examined.
 *
 * `client` is in the transaction of the migrations. Costs two small queries, where a fence costs some twenty statements.
 */
export async function fenceChanges(
  { client, place, tenantId, plan, first = false }: Fenced,
  known: string | undefined,
): Promise<() => Promise<FenceChanges>> {
  const fences = fencesAt(plan, place, tenantId);
  const tables = fences.map(({ table }) => table.slice(place.schema.length + 1));
  const hash = sha256(fences.flatMap(statements).join(';')).slice(0, 16);
  const stays = !first && known === hash && !fences.some(namesColumns);
  const before = stays ? await catalogue(client, place, tables) : '';
  return async () => ({ hash, stay: stays && (await catalogue(client, place, tables)) === before });
}

/** Rows of the catalogue that make up fences: a row that was written anew has another xmin. */
async function catalogue(
  client: Client,
  { schema }: Place,
  tables: readonly string[],
): Promise<string> {
  const { rows } = await client.query<{ found: string }>({
    name: 'fences',
    text: `
      with tables as (
        select oid, relowner, relacl, relrowsecurity, relforcerowsecurity from pg_class
        where relnamespace = to_regnamespace($1)::oid and relname = any ($2)
      )
      select md5(string_agg(entry, ' ' order by entry)) as found from (
        select tables::text as entry from tables
        union all
        select concat_ws(':', 'column', attrelid, attnum, attacl) from pg_attribute
        where attrelid in (select oid from tables) and attacl is not null
        union all
        select concat_ws(':', 'policy', oid, xmin) from pg_policy where polrelid in (select oid from tables)
        union all
        select concat_ws(':', 'trigger', oid, xmin) from pg_trigger
        where tgrelid in (select oid from tables) and not tgisinternal
      ) as entries`,
    values: [schema, tables],
  });
  return rows[0]?.found ?? '';
}
