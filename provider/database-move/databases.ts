import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { journalDatabase, maintenanceDatabase, onServer, rowsOf, type Ends } from './ends';
import { assignment } from './roles';

/** A database of the source. */
export interface Database {
  readonly name: string;
  readonly bytes: number;
  readonly owner: string;
  readonly open: boolean;
  readonly connections: number;
  readonly comment: string | null;
  /** How it sorts, in the words of `create database`. */
  readonly locale: string;
  /** Whether its rights are others than a new one's. */
  readonly guarded: boolean;
  readonly grants: readonly {
    readonly to: string | null;
    readonly right: string;
    readonly hand: boolean;
  }[];
  /** For everybody, or for the role. */
  readonly settings: readonly { readonly role: string | null; readonly setting: string }[];
}

/**
 * What is moved: every database but the server's own, and but templates, which hold no row and which the next deployment
 * makes anew.
 */
export async function databasesOf(source: Client): Promise<Database[]> {
  const [version] = await rowsOf<{ major: number }>(
    source,
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const locale = (version?.major ?? 0) >= 17 ? 'datlocale' : 'daticulocale';
  const found = await rowsOf<
    Database & { provider: string; other: string | null; collate: string; ctype: string }
  >(
    source,
    `select datname as name, pg_database_size(oid)::float8 as bytes, datdba::regrole::text as owner, datallowconn as open,
       datconnlimit as connections, shobj_description(oid, 'pg_database') as comment, datlocprovider as provider,
       ${locale} as other, datcollate as collate, datctype as ctype, datacl is not null as guarded,
       (select coalesce(jsonb_agg(jsonb_build_object('to', case when a.grantee <> 0 then a.grantee::regrole::text end,
          'right', a.privilege_type, 'hand', a.is_grantable) order by a.grantee, a.privilege_type), '[]')
        from aclexplode(datacl) as a) as grants,
       (select coalesce(jsonb_agg(jsonb_build_object('role', case when setrole <> 0 then setrole::regrole::text end,
          'setting', setting)), '[]')
        from pg_db_role_setting, unnest(setconfig) as setting where setdatabase = d.oid) as settings
     from pg_database d where not datistemplate and datname <> all ($1) order by datname`,
    [[maintenanceDatabase, journalDatabase]],
  );
  return found.map(({ provider, other, collate, ctype, ...database }) => ({
    ...database,
    locale: [
      `lc_collate ${escapeLiteral(collate)} lc_ctype ${escapeLiteral(ctype)}`,
      provider === 'i' ? `locale_provider icu icu_locale ${escapeLiteral(other ?? '')}` : '',
      provider === 'b'
        ? `locale_provider builtin builtin_locale ${escapeLiteral(other ?? '')}`
        : '',
    ].join(' '),
  }));
}

/** An empty one that the admin owns and every role may make schemas in, until `handOver`. */
export async function makeDatabase(
  { target }: Ends,
  { name, locale }: Database,
  roles: readonly string[],
): Promise<void> {
  const quoted = escapeIdentifier(name);
  await withClient(databaseAt(target, maintenanceDatabase), async (client) => {
    await client.query(`create database ${quoted} template template0 encoding 'UTF8' ${locale}`);
    // Whoever is given a schema must be able to make one.
    if (roles.length > 0)
      await client.query(`grant create on database ${quoted} to ${listed(roles)}`);
  });
}

/** Owner, rights and settings as at the source. */
export function handOver(
  { target }: Ends,
  database: Database,
  roles: readonly string[],
): Promise<void> {
  const name = escapeIdentifier(database.name);
  return onServer(target, async (client) => {
    if (roles.length > 0)
      await client.query(`revoke all on database ${name} from ${listed(roles)}`);
    await client.query(`alter database ${name} owner to ${database.owner}`);
    if (database.guarded)
      await client.query(`revoke all on database ${name} from public, ${database.owner}`);
    for (const { to, right, hand } of database.grants) {
      const option = hand ? ' with grant option' : '';
      await client.query(`grant ${right} on database ${name} to ${to ?? 'public'}${option}`);
    }
    for (const { role, setting } of database.settings) {
      const whose = role === null ? `database ${name}` : `role ${role} in database ${name}`;
      await client.query(`alter ${whose} set ${assignment(setting)}`);
    }
    const comment = database.comment === null ? 'null' : escapeLiteral(database.comment);
    await client.query(`comment on database ${name} is ${comment}`);
    await client.query(`alter database ${name} connection limit ${database.connections}`);
  });
}

function listed(roles: readonly string[]): string {
  return roles.map((role) => escapeIdentifier(role)).join(', ');
}
