import type { Client } from 'pg';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { quoteName } from '../../../components/tenancy/identifiers';
import { inTransaction, withClient } from '../../database/connect';
import { describeSqlError } from '../../database/errors';
import { RefusedError } from '../wanted';
import { tablesIn } from './source';

/** How people sign in: the account with the hash of its password (bcrypt), and the providers that it knows. */
const tables = ['users', 'identities'] as const;

/** What came, and what was there already. */
export interface Copied {
  readonly table: string;
  readonly came: number;
  readonly there: number;
}

/**
 * Copies accounts from a project's Auth into a GoTrue's own database at `url`: columns that both have, in one transaction.
 * Who is there already, by id, stays as he is, so to do it again changes nothing. Sessions, codes and links that are under
 * way and second factors do not come: people sign in anew. Throws `RefusedError` when a column that a row needs is not
 * there, and in words what Postgres refuses, such as an address that another account has.
 */
export function copyAccounts(source: Client, url: string): Promise<Copied[]> {
  return withClient(url, (target) =>
    inTransaction(target, undefined, async () => {
      const copied: Copied[] = [];
      for (const table of tables) {
        const columns = await columnsOf(source, target, table);
        copied.push(
          await copyTable(source, target, table, columns).catch((error: unknown) => {
            throw describeSqlError(error, `accounts (auth.${table})`, '');
          }),
        );
      }
      return copied;
    }),
  );
}

/** Codes and links that are under way would let in whoever has one, in two places. */
const underWay = /_token(_\w+)?$|^(email|phone)_change$/;

/**
 * Column → SQL expression. GoTrue reads text that is null as a mistake, so what does not come is empty (supabase/auth
 * issues 1940 and 1543, read 2026-11-22).
 */
async function columnsOf(
  source: Client,
  target: Client,
  table: string,
): Promise<Map<string, string>> {
  const here = (await tablesIn(target, 'auth')).get(table) ?? [];
  const there = (await tablesIn(source, 'auth')).get(table)?.map(({ name }) => name) ?? [];
  const read = new Map<string, string>();
  for (const { name } of here) {
    if (table === 'users' && underWay.test(name)) read.set(name, "''");
    else if (!there.includes(name)) continue;
    else if (name === 'encrypted_password') read.set(name, "coalesce(encrypted_password, '')");
    else read.set(name, quoteName(name));
  }
  const needed = here.filter(
    (one) => one.isRequired && one.default === null && !read.has(one.name),
  );
  if (read.has('id') && needed.length === 0) return read;
  const what = needed.map(({ name }) => name).join(', ') || 'id';
  throw new RefusedError(`auth.${table} of the two differs too much: there is no ${what}`);
}

async function copyTable(
  source: Client,
  target: Client,
  table: string,
  columns: ReadonlyMap<string, string>,
): Promise<Copied> {
  const into = `auth.${quoteName(table)}`;
  const list = [...columns.keys()].map(quoteName).join(', ');
  const values = [...columns.values()].join(', ');
  await target.query(
    `create temporary table passing on commit drop as select ${list} from ${into} with no data`,
  );
  await pipeline(
    source.query(copyTo(`copy (select ${values} from ${into}) to stdout`)),
    target.query(copyFrom(`copy pg_temp.passing (${list}) from stdin`)),
  );
  const { rowCount } = await target.query(
    `insert into ${into} (${list}) select ${list} from pg_temp.passing on conflict (id) do nothing`,
  );
  const { rows } = await target.query<{ sent: number; kept: number }>(
    `select count(*)::int as sent, count(u.id)::int as kept from pg_temp.passing left join ${into} u using (id)`,
  );
  const { sent = 0, kept = 0 } = rows[0] ?? {};
  if (sent !== kept) throw new Error(`${into}: ${kept} of ${sent} came`);
  await target.query('drop table pg_temp.passing');
  const came = rowCount ?? 0;
  return { table: `auth.${table}`, came, there: sent - came };
}
