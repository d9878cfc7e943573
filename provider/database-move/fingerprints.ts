import { escapeIdentifier, type Client } from 'pg';
import { transaction, withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { fixedText } from '../tenancy/rows';
import { rowsOf } from './ends';

/** What stands in a table or a sequence, by its name: how much, and a sum over every row in any order. */
export type Fingerprints = ReadonlyMap<string, { readonly rows: string; readonly sum: string }>;

interface Relation {
  readonly name: string;
  readonly at: string;
  readonly kind: 'r' | 'S';
}

/**
 * Of every table and sequence of a database that is no extension's own. Reads every row once; `url` is an admin's who may
 * see all rows.
 */
export function fingerprints(url: string, database: string): Promise<Fingerprints> {
  return withClient(databaseAt(url, database), (client) =>
    transaction(client, async () => {
      await client.query(fixedText);
      // A row that a policy hides is an error, not a row that is not counted.
      await client.query('set local row_security = off');
      const found = new Map<string, { rows: string; sum: string }>();
      for (const relation of await relationsOf(client)) {
        const [print] = await rowsOf<{ rows: string; sum: string }>(client, questionOf(relation));
        if (print) found.set(relation.name, print);
      }
      return found;
    }),
  );
}

/** Where two databases differ, a sentence for each table. */
export function differences(
  database: string,
  source: Fingerprints,
  target: Fingerprints,
): string[] {
  return [...new Set([...source.keys(), ...target.keys()])].flatMap((name) => {
    const [here, there] = [source.get(name), target.get(name)];
    if (here?.rows === there?.rows && here?.sum === there?.sum) return [];
    const told =
      here?.rows === there?.rows
        ? 'other values'
        : `${there?.rows ?? 'no'} rows in place of ${here?.rows ?? 'none'}`;
    return [`${database}: ${name} has ${told} at the target`];
  });
}

function relationsOf(client: Client): Promise<Relation[]> {
  return rowsOf<Relation>(
    client,
    `select c.oid::regclass::text as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as at, c.relkind as kind
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'S') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
       and not exists (select from pg_depend d
         where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by at`,
  );
}

function questionOf({ at, kind }: Relation): string {
  if (kind === 'S') return `select last_value::text as rows, is_called::text as sum from ${at}`;
  const row = escapeIdentifier('strata move');
  return (
    `select count(*)::text as rows, ` +
    `coalesce(sum(('x' || left(md5(${row}::text), 16))::bit(64)::bigint), 0)::text as sum from only ${at} as ${row}`
  );
}
