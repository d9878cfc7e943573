import type { Client } from 'pg';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import type { Database } from './databases';
import { maintenanceDatabase, rowsOf, type Ends } from './ends';
import type { Journal } from './journal';
import type { Role } from './roles';

/** What would not come along. */
export async function sourceProblems(
  { source: url }: Ends,
  source: Client,
  databases: readonly Database[],
): Promise<string[]> {
  const prepared = await rowsOf<{ gid: string }>(source, 'select gid from pg_prepared_xacts');
  const [parameters] = await rowsOf<{ some: boolean }>(
    source,
    'select exists (select from pg_parameter_acl) as some',
  );
  const within = await Promise.all(
    [maintenanceDatabase, ...databases.filter(({ open }) => open).map(({ name }) => name)].map(
      (name) => insideProblems(url, name),
    ),
  );
  return [
    ...prepared.map(
      ({ gid }) => `transaction ${gid} is prepared and not over: commit it or roll it back`,
    ),
    ...(parameters?.some
      ? ['rights on settings of the server (GRANT … ON PARAMETER) do not come along: revoke them']
      : []),
    ...within.flat(),
  ];
}

function insideProblems(url: string, name: string): Promise<string[]> {
  return withClient(databaseAt(url, name), async (client) => {
    if (name === maintenanceDatabase) {
      const [own] = await rowsOf<{ count: number }>(
        client,
        `select count(*)::int from pg_class c join pg_namespace n on n.oid = relnamespace
         where relkind = 'r' and nspname !~ '^pg_' and nspname not in ('information_schema', 'strata_move')`,
      );
      return own?.count
        ? [`database ${name} has ${own.count} tables, and it is never moved: put them elsewhere`]
        : [];
    }
    const found = await rowsOf<{ what: string }>(
      client,
      `select 'subscription ' || quote_ident(subname) as what from pg_subscription
         where subdbid = (select oid from pg_database where datname = current_database())
       union all select 'publication of all tables ' || quote_ident(pubname) from pg_publication where puballtables
       union all select 'tablespace of ' || oid::regclass from pg_class where reltablespace not in (0, 1664)`,
    );
    return [
      ...found.map(({ what }) => `${name}: ${what} does not come along: drop it first`),
      ...(await ownerProblems(client)).map((problem) => `${name}: ${problem}`),
    ];
  });
}

/**
 * Who is no superuser hands something over only to a role that could have made it. When that is done, schemas have their
 * owners and no rights yet, and the database is the admin's.
 */
async function ownerProblems(database: Client): Promise<string[]> {
  const found = await rowsOf<{ schema: string; owner: string; example: string; count: number }>(
    database,
    `select quote_ident(nspname) as schema, owner::regrole::text, min(name) as example, count(*)::int
     from (select 'pg_class'::regclass as kind, oid as id, relnamespace as place, relowner as owner, relname as name
         from pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
       union all select 'pg_proc'::regclass, oid, pronamespace, proowner, proname from pg_proc) as made
     join pg_namespace n on n.oid = place
     where nspname <> 'information_schema' and nspname !~ '^pg_' and not pg_has_role(owner,
         case when nspowner = (select oid from pg_roles where rolname = 'pg_database_owner')
           then current_user::regrole else nspowner end, 'usage')
       and not exists (select from pg_depend d where d.classid = kind and d.objid = id and d.deptype = 'e')
     group by 1, 2 order by 1, 2`,
  );
  return found.map(
    ({ schema, owner, example, count }) =>
      `${owner} owns ${example}${count > 1 ? ` and ${count - 1} more` : ''} in schema ${schema}, which is another’s: the target’s ` +
      `admin cannot hand it over there. Move it to a schema of ${owner}’s, or: alter schema ${schema} owner to ${owner}`,
  );
}

/** Extensions that the target's server does not have. */
export async function extensionProblems(
  { source }: Ends,
  target: Client,
  databases: readonly Database[],
): Promise<string[]> {
  const available = new Set(
    (await rowsOf<{ name: string }>(target, 'select name from pg_available_extensions')).map(
      ({ name }) => name,
    ),
  );
  const missing = new Map<string, string[]>();
  for (const { name: database } of databases.filter(({ open }) => open)) {
    const used = await withClient(databaseAt(source, database), (client) =>
      rowsOf<{ name: string }>(client, 'select extname as name from pg_extension'),
    );
    for (const { name } of used.filter((extension) => !available.has(extension.name))) {
      missing.set(name, [...(missing.get(name) ?? []), database]);
    }
  }
  return [...missing].map(
    ([name, where]) => `the target has no extension ${name}, which ${where.join(', ')} uses`,
  );
}

/** Nothing that is there is written over. */
export async function targetProblems(
  { target: url }: Ends,
  target: Client,
  journal: Journal | undefined,
  source: { readonly systemIdentifier: string },
  databases: readonly Database[],
  roles: readonly Role[],
): Promise<string[]> {
  if (journal) {
    return journal.source === source.systemIdentifier
      ? []
      : ['the target has rows of a move from another server'];
  }
  const there = await rowsOf<{ name: string }>(
    target,
    'select rolname as name from pg_roles where rolname = any ($1)',
    [roles.map(({ name }) => name)],
  );
  const same = await rowsOf<{ name: string }>(
    target,
    'select datname as name from pg_database where datname = any ($1)',
    [databases.map(({ name }) => name)],
  );
  const full = await Promise.all(
    same.map(({ name }) =>
      withClient(databaseAt(url, name), async (client) => {
        const [own] = await rowsOf<{ count: number }>(
          client,
          `select count(*)::int from pg_class c join pg_namespace n on n.oid = relnamespace
           where relkind in ('r', 'p', 'v', 'm', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
             and not exists (select from pg_depend where objid = c.oid and deptype = 'e')`,
        );
        return own?.count
          ? [`the target’s database ${name} is not empty: nothing there is written over`]
          : [];
      }),
    ),
  );
  return [
    ...there.map(({ name }) => `the target has a role ${name} already: it must be a new server`),
    ...full.flat(),
  ];
}
