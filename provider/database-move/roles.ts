import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { rowsOf } from './ends';

/** A role of the source, as its admin sees it. */
export interface Role {
  readonly name: string;
  readonly login: boolean;
  readonly inherits: boolean;
  readonly createsDatabases: boolean;
  readonly createsRoles: boolean;
  readonly superuser: boolean;
  readonly replicates: boolean;
  readonly passesPolicies: boolean;
  readonly connections: number;
  /** What Postgres keeps of its password; secret. */
  readonly verifier: string | null;
  readonly until: string | null;
  readonly comment: string | null;
  /** Such as `statement_timeout=5s`. */
  readonly settings: readonly string[];
}

interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  /** From Postgres 16 on; before, the member's own. */
  readonly inherits: boolean | null;
  readonly sets: boolean | null;
}

/** Every role but the admin and those that each server has of its own. */
export function rolesOf(source: Client): Promise<Role[]> {
  return rowsOf<Role>(
    source,
    `select rolname as name, rolcanlogin as login, rolinherit as inherits, rolcreatedb as "createsDatabases",
       rolcreaterole as "createsRoles", rolsuper as superuser, rolreplication as replicates,
       rolbypassrls as "passesPolicies", rolconnlimit as connections, rolpassword as verifier,
       rolvaliduntil::text as until, shobj_description(oid, 'pg_authid') as comment,
       coalesce((select setconfig from pg_db_role_setting where setrole = a.oid and setdatabase = 0), '{}') as settings
     from pg_authid a where rolname !~ '^pg_' and rolname <> current_user order by rolname`,
  );
}

/** Who is a member of which of them, or of a role that each server has. */
export async function membershipsOf(source: Client): Promise<Membership[]> {
  const [version] = await rowsOf<{ major: number }>(
    source,
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const options = (version?.major ?? 0) >= 16 ? 'inherit_option, set_option' : 'null, null';
  return rowsOf<Membership>(
    source,
    `select distinct roleid::regrole::text as role, member::regrole::text as member, admin, inherits, sets
     from (select roleid, member, admin_option, ${options} from pg_auth_members)
       as m (roleid, member, admin, inherits, sets)
     where member not in (select oid from pg_roles where rolname = current_user or rolname ~ '^pg_')
       and roleid not in (select oid from pg_roles where rolname = current_user)
     order by 1, 2`,
  );
}

/** Makes the roles on the target, or sets right those that are there. None may log in before the switch. */
export async function makeRoles(
  target: Client,
  roles: readonly Role[],
  memberships: readonly Membership[],
): Promise<void> {
  const there = new Set(
    (await rowsOf<{ name: string }>(target, 'select rolname as name from pg_roles')).map(
      ({ name }) => name,
    ),
  );
  for (const role of roles) {
    const name = escapeIdentifier(role.name);
    if (!there.has(role.name)) await target.query(`create role ${name}`);
    await target.query(`alter role ${name} ${attributesOf(role)}`);
    await target.query(`comment on role ${name} is ${literal(role.comment)}`);
    for (const setting of role.settings) {
      await target.query(`alter role ${name} set ${assignment(setting)}`);
    }
  }
  for (const membership of memberships) await target.query(grantOrPass(membership));
}

/** From here on people and services come in at the target. */
export async function letIn(target: Client, names: readonly string[]): Promise<void> {
  for (const name of names) await target.query(`alter role ${escapeIdentifier(name)} login`);
}

/** The admin takes part in what every role owns: one who is no superuser may not hand anything over otherwise. */
export async function lend(target: Client, names: readonly string[]): Promise<void> {
  const options = await withBoth(target);
  for (const name of names)
    await target.query(`grant ${escapeIdentifier(name)} to current_user${options}`);
}

export async function takeBack(target: Client, names: readonly string[]): Promise<void> {
  for (const name of names)
    await target.query(`revoke ${escapeIdentifier(name)} from current_user`);
}

async function withBoth(target: Client): Promise<string> {
  const { rows } = await target.query<{ newer: boolean }>(
    `select current_setting('server_version_num')::int >= 160000 as newer`,
  );
  return rows[0]?.newer ? ' with inherit true, set true' : '';
}

function attributesOf(role: Role): string {
  return [
    'nologin',
    role.inherits ? 'inherit' : 'noinherit',
    role.createsDatabases ? 'createdb' : 'nocreatedb',
    role.createsRoles ? 'createrole' : 'nocreaterole',
    `connection limit ${role.connections}`,
    role.verifier === null ? 'password null' : `password ${escapeLiteral(role.verifier)}`,
    `valid until ${escapeLiteral(role.until ?? 'infinity')}`,
  ].join(' ');
}

/** What a role of Postgres' own shows (`pg_monitor`) may be out of the admin's hands, as in sql/001_roles.sql: fewer figures. */
function grantOrPass(membership: Membership): string {
  const grant = grantOf(membership);
  if (!membership.role.startsWith('pg_')) return grant;
  return `do $$ begin ${grant}; exception when insufficient_privilege then null; end $$`;
}

function grantOf({ role, member, admin, inherits, sets }: Membership): string {
  const options =
    inherits === null
      ? admin
        ? ' with admin option'
        : ''
      : ` with admin ${admin}, inherit ${inherits}, set ${sets ?? true}`;
  // regrole has quoted them where they need it.
  return `grant ${role} to ${member}${options}`;
}

/** A setting that is a list is kept with its own quotes. */
const lists = /^(?:search_path|temp_tablespaces|\w+_preload_libraries)$/;

/** `name = value`, of what Postgres keeps as `name=value`. */
export function assignment(setting: string): string {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const words = name
    .split('.')
    .map((word) => escapeIdentifier(word))
    .join('.');
  return `${words} = ${lists.test(name) ? value : escapeLiteral(value)}`;
}

function literal(text: string | null): string {
  return text === null ? 'null' : escapeLiteral(text);
}
