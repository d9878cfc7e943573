import type { Client } from 'pg';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { databasesOf, type Database } from './databases';
import { maintenanceDatabase, rowsOf, type Ends } from './ends';
import { limitsBefore, readJournal, type Journal } from './journal';
import { extensionProblems, sourceProblems, targetProblems } from './problems';
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
    if (role.name.startsWith('rds'))
      return [`role ${role.name} has a name that RDS keeps for itself`];
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
