import { quoteName, quoteTable } from './identifiers';
import { byName } from './rules';

/** What stands around one table of tenants, as `compileTenancy` makes it. */
export interface TableFence {
  /** With its schema: `app.notes`. */
  readonly table: string;
  /** Policy name → everything after `create policy NAME on TABLE`. */
  readonly policies: Readonly<Record<string, string>>;
  /** Role → privileges, such as `select`, `insert ("title", "body")` or `select except ("score")`. */
  readonly grants: Readonly<Record<string, readonly string[]>>;
  /** Trigger name (it begins with `strata_`) → everything after `create trigger NAME`, with `TABLE` for the table. */
  readonly triggers: Readonly<Record<string, string>>;
  /** The rows are no tenant's. */
  readonly shared?: true | undefined;
}

/** How the triggers of a fence are told from the application's own. */
export const ownTriggers = 'strata_';

/**
 * The SQL that puts up a fence, in order: what is there is closed first, so that the table is never open between two
 * statements, and grants come last.
 *
 * Running it again changes nothing. It leaves no other policy, no other grant (those of the owner and of maintenance
 * apart) and no other trigger of Strata on the table. Runs as `strata_owner`; pure. Throws when a name is not plain.
 */
export function statements(fence: TableFence): string[] {
  const table = quoteTable(fence.table);
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    revokeGrants(table),
    dropPolicies(table),
    dropTriggers(table),
    ...byName(fence.policies).map(
      ([name, tail]) => `create policy ${quoteName(name)} on ${table} ${tail}`,
    ),
    ...byName(fence.triggers).map(([name, tail]) => createTrigger(table, name, tail)),
    ...byName(fence.grants).flatMap(([role, privileges]) =>
      privileges.map((privilege) => grant(table, privilege, quoteName(role))),
    ),
  ];
}

const exception = /^(\w+) except \((.+)\)$/;

/** What follows a privilege on all columns but these: `''` when there are none. */
export function except(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ` except (${[...columns].sort().map(quoteName).join(', ')})`;
}

/** Whether a new column of the table asks for its grants to be made anew: those of all columns but some name the rest. */
export function namesColumns({ grants }: TableFence): boolean {
  return Object.values(grants).some((privileges) => privileges.some((one) => exception.test(one)));
}

function grant(table: string, privilege: string, role: string): string {
  const [, what, columns] = exception.exec(privilege) ?? [];
  return what !== undefined && columns !== undefined
    ? grantExcept(table, what, columns, role)
    : `grant ${privilege} on table ${table} to ${role}`;
}

/**
 * Postgres grants all columns or those that are named, so the others are looked up. A column of the exception that is
 * not there is an error: whoever misspells what is to be hidden would show it.
 */
function grantExcept(table: string, privilege: string, columns: string, role: string): string {
  const hidden = `array[${columns.replaceAll('"', "'")}]::text[]`;
  const live = `pg_catalog.pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped`;
  return `do $strata$
declare
  missing text := (select string_agg(name, ', ') from unnest(${hidden}) as name
    where name not in (select attname from ${live}));
  others text := (select string_agg(quote_ident(attname), ', ' order by attnum) from ${live} and attname <> all (${hidden}));
begin
  if missing is not null then
    raise exception 'no such column: %', missing using errcode = 'undefined_column';
  end if;
  if others is not null then
    execute 'grant ${privilege} (' || others || ') on table ${table} to ${role}';
  end if;
end
$strata$`;
}

/** Grants on a table include those on its columns, whoever gave them. */
function revokeGrants(table: string): string {
  return block(
    `select distinct coalesce(nullif(acl.grantee, 0)::regrole::text, 'public') as name
     from (
       select relacl as acl from pg_catalog.pg_class where oid = '${table}'::regclass
       union all select attacl from pg_catalog.pg_attribute where attrelid = '${table}'::regclass
     ) as granted, lateral aclexplode(granted.acl) as acl
     where acl.grantee not in (select relowner from pg_catalog.pg_class where oid = '${table}'::regclass)
       and acl.grantee <> 'strata_maintenance'::regrole`,
    `'revoke all on table ${table} from ' || item.name || ' cascade'`,
  );
}

function dropPolicies(table: string): string {
  return block(
    `select quote_ident(polname) as name from pg_catalog.pg_policy where polrelid = '${table}'::regclass`,
    `'drop policy ' || item.name || ' on ${table}'`,
  );
}

function dropTriggers(table: string): string {
  return block(
    `select quote_ident(tgname) as name from pg_catalog.pg_trigger
     where tgrelid = '${table}'::regclass and not tgisinternal and starts_with(tgname, '${ownTriggers}')`,
    `'drop trigger ' || item.name || ' on ${table}'`,
  );
}

function createTrigger(table: string, name: string, tail: string): string {
  if (!name.startsWith(ownTriggers)) {
    throw new Error(
      `the trigger ${name} of a fence must begin with ${ownTriggers}: that is how it is found again`,
    );
  }
  return `create trigger ${quoteName(name)} ${tail.replaceAll(/\bTABLE\b/g, () => table)}`;
}

function block(query: string, statement: string): string {
  return `do $strata$
declare item record;
begin
  for item in ${query} loop
    execute ${statement};
  end loop;
end
$strata$`;
}
