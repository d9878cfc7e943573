import type { Client } from 'pg';
import { withClient } from '../../database/connect';
import { fixedText } from '../rows';

/*
 * What a Supabase project's database is, by upstream's migrations of Auth (supabase/auth migrations/: users of
 * 00_init_auth_schema, phone of 20210710035447, confirmed_at generated since 20210722035447, deleted_at of 20221130112646,
 * is_anonymous of 20240214120130; read 2026-11-22). Applications keep their tables in the schema `public`.
 */

/** A column as a catalogue has it. */
export interface Column {
  readonly name: string;
  /** Such as `character varying(20)`. */
  readonly type: string;
  readonly isEnum: boolean;
  readonly isRequired: boolean;
  /** The expression of its default. */
  readonly default: string | null;
}

/**
 * Runs `work` in one transaction that sees the whole project as it was at one moment, and changes nothing. Row level
 * security that would hide rows is an error instead: half of a table must not pass for all of it.
 */
export function readProject<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    await client.query(`set local row_security = off; ${fixedText}`);
    return work(client);
  });
}

/** Tables of a schema with their columns; those that the database makes itself are left out. */
export async function tablesIn(client: Client, schema: string): Promise<Map<string, Column[]>> {
  const { rows } = await client.query<{ table: string; columns: Column[] }>(
    `select c.relname as table, jsonb_agg(jsonb_build_object('name', a.attname,
       'type', format_type(a.atttypid, a.atttypmod), 'isEnum', t.typtype = 'e', 'isRequired', a.attnotnull,
       'default', pg_get_expr(d.adbin, d.adrelid)) order by a.attname collate "C") as columns
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     join pg_type t on t.oid = a.atttypid
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
     group by 1 order by 1`,
    [schema],
  );
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}

/** People who can sign in: who was deleted, and who never said who he is, has no account to come with. */
export const people = `(select u.id, coalesce(nullif(u.email, ''), nullif(to_jsonb(u) ->> 'phone', ''), u.id::text) as handle,
    u.created_at, (to_jsonb(u) ->> 'confirmed_at') is not null as confirmed
  from auth.users u
  where to_jsonb(u) ->> 'deleted_at' is null and coalesce((to_jsonb(u) ->> 'is_anonymous')::boolean, false) = false)`;
