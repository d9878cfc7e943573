import type { Client } from 'pg';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { databasesOf, type Database } from './databases';
import { maintenanceDatabase, rowsOf, type Ends } from './ends';
import { limitsBefore, readJournal, type Journal } from './journal';
import { membershipsOf, rolesOf, type Role } from './roles';
import { majorOf, type Tools } from './tools';

/** What a move would do, and what is against it. */
export interface Survey {
  readonly source: {
    readonly systemIdentifier: string;
    readonly version: string;
    readonly closed: boolean;
  };
  readonly target: { readonly systemIdentifier: string; readonly version: string };
  readonly databases: readonly Database[];
  readonly roles: readonly Role[];
  readonly memberships: Awaited<ReturnType<typeof membershipsOf>>;
  readonly journal: Journal | undefined;
  /** Sentences; with any the move is refused. */
  readonly problems: readonly string[];
}

interface Server {
  readonly systemIdentifier: string;
  readonly version: string;
  readonly major: number;
  readonly admin: string;
  readonly superuser: boolean;
  readonly makes: boolean;
}

/** Looks at both servers; changes nothing. */
export async function survey(ends: Ends, tools: Tools): Promise<Survey> {
  const [dump, restore] = await Promise.all([majorOf(tools.dump), majorOf(tools.restore)]);
  return onBoth(ends, async (source, target) => {
    const [here, there] = [await serverOf(source), await serverOf(target)];
    const journal = await readJournal(ends);
    const limits = await limitsBefore(source);
    const found = { source: here, target: there, journal, closed: limits !== undefined };
    if (!here.superuser)
      return {
        ...shown(found),
        problems: [
          'the source’s admin must be a superuser: roles’ passwords and every row have to be read',
        ],
      };
    const databases = (await databasesOf(source)).map((database) => ({
      ...database,
      connections: limits?.get(database.name) ?? database.connections,
    }));
    const roles = await rolesOf(source);
    const memberships = await membershipsOf(source);
    const problems = [
      ...serverProblems(here, there, Math.min(dump, restore)),
      ...roleProblems(roles),
      ...databaseProblems(databases),
      ...(await sourceProblems(ends, source, databases)),
      ...(await extensionProblems(ends, target, databases)),
      ...(await targetProblems(ends, target, journal, here, databases, roles)),
    ];
    return { ...shown(found), databases, roles, memberships, problems };
  });
}

function shown({
  source,
  target,
  journal,
  closed,
}: {
  readonly source: Server;
  readonly target: Server;
  readonly journal: Journal | undefined;
  readonly closed: boolean;
}): Omit<Survey, 'problems'> {
  return {
    source: { systemIdentifier: source.systemIdentifier, version: source.version, closed },
    target: { systemIdentifier: target.systemIdentifier, version: target.version },
    databases: [],
    roles: [],
    memberships: [],
    journal,
  };
}

function onBoth<T>(
  { source, target }: Ends,
  work: (source: Client, target: Client) => Promise<T>,
): Promise<T> {
  return withClient(databaseAt(source, maintenanceDatabase), (from) =>
    withClient(databaseAt(target, maintenanceDatabase), (into) => work(from, into)),
  );
}

async function serverOf(client: Client): Promise<Server> {
  const [server] = await rowsOf<Server>(
    client,
    `select system_identifier::text as "systemIdentifier", split_part(current_setting('server_version'), ' ', 1) as version,
       current_setting('server_version_num')::int / 10000 as major, current_user as admin, rolsuper as superuser,
       rolsuper or (rolcreaterole and rolcreatedb) as makes
     from pg_control_system(), pg_roles where rolname = current_user`,
  );
  if (!server) throw new Error('the server does not tell who it is');
  return server;
}

function serverProblems(here: Server, there: Server, tools: number): string[] {
  const problems = [
    here.systemIdentifier === there.systemIdentifier &&
      'source and target are one and the same server',
    here.admin !== there.admin &&
      `the target’s admin is ${there.admin} and the source’s ${here.admin}: functions that belong to the admin need the same name`,
    !there.makes && `the target’s admin ${there.admin} may not make roles and databases`,
    there.major < here.major &&
      `the target is Postgres ${there.major} and the source ${here.major}: Postgres moves to the same major or a newer one`,
    tools < here.major &&
      `pg_dump and pg_restore are of major ${tools}, older than the source’s ${here.major}`,
  ];
  return problems.filter((problem) => problem !== false);
}

function roleProblems(roles: readonly Role[]): string[] {
  return roles.flatMap((role) => {
    const more = [
      role.superuser && 'SUPERUSER',
      role.replicates && 'REPLICATION',
      role.passesPolicies && 'BYPASSRLS',
    ].filter((word) => word !== false);
    if (more.length > 0)
      return [
        `role ${role.name} has ${more.join(', ')}, which the target’s admin may not give: take it away first`,
      ];
    if (/^rds/.test(role.name)) return [`role ${role.name} has a name that RDS keeps for itself`];
    return [];
  });
}

function databaseProblems(databases: readonly Database[]): string[] {
  return databases
    .filter(({ open }) => !open)
    .map(
      ({ name }) =>
        `database ${name} lets nobody in: end what was begun with it (npm run tenants), or drop it`,
    );
}

/** What would not come along. */
async function sourceProblems(
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
    return found.map(({ what }) => `${name}: ${what} does not come along: drop it first`);
  });
}

/** Extensions that the target's server does not have. */
async function extensionProblems(
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
async function targetProblems(
  { target: url }: Ends,
  target: Client,
  journal: Journal | undefined,
  source: Server,
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
