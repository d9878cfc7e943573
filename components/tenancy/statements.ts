/** What keeps the tenants of one table apart, each part by its name. */
export interface TableFence {
  /** Schema and table: `app.notes`. */
  readonly table: string;
  /** Policy name → what follows `create policy … on …`. */
  readonly policies: Readonly<Record<string, string>>;
  /** Role → what it may do: `select`, `update (title)`. */
  readonly grants: Readonly<Record<string, readonly string[]>>;
  /** Trigger name → what follows `create trigger …`, with `TABLE` in the table's place. */
  readonly triggers: Readonly<Record<string, string>>;
}

/**
 * The SQL that brings a table to its fence, whatever stood there before; to be run in one transaction.
 * Row level security comes first and grants come last, so that no moment leaves rows open.
 */
export function statements(fence: TableFence): string[] {
  const { table } = fence;
  const literal = `'${table.replaceAll("'", "''")}'`;
  return [
    `alter table ${table} enable row level security, force row level security`,
    dropPolicies(literal),
    revokeGrants(literal),
    dropTriggers(literal),
    ...Object.entries(fence.policies).map(([name, tail]) => `create policy ${name} on ${table} ${tail}`),
    ...Object.entries(fence.triggers).map(
      ([name, tail]) => `create trigger ${name} ${tail.replace('TABLE', table)}`,
    ),
    ...Object.entries(fence.grants)
      .filter(([, privileges]) => privileges.length > 0)
      .map(([role, privileges]) => `grant ${privileges.join(', ')} on ${table} to ${role}`),
  ];
}

function dropPolicies(table: string): string {
  return `do $$ declare name name; begin
    for name in select polname from pg_catalog.pg_policy where polrelid = ${table}::regclass loop
      execute pg_catalog.format('drop policy %I on %s', name, ${table}::regclass);
    end loop;
  end $$`;
}

/** From everyone but the owner, columns included. */
function revokeGrants(table: string): string {
  return `do $$ declare grantee text; begin
    for grantee in
      select distinct case a.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end
      from pg_catalog.pg_class c
      left join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attacl is not null,
      lateral (
        select * from pg_catalog.aclexplode(c.relacl) union all select * from pg_catalog.aclexplode(t.attacl)
      ) a
      where c.oid = ${table}::regclass and a.grantee <> c.relowner
    loop
      execute pg_catalog.format('revoke all on %s from %s', ${table}::regclass, grantee);
    end loop;
  end $$`;
}

/** Only those that call the audit: a table's own triggers are the application's. */
function dropTriggers(table: string): string {
  return `do $$ declare name name; begin
    for name in
      select g.tgname from pg_catalog.pg_trigger g
      where g.tgrelid = ${table}::regclass and not g.tgisinternal and g.tgfoid = 'audit.record'::regproc
    loop
      execute pg_catalog.format('drop trigger %I on %s', name, ${table}::regclass);
    end loop;
  end $$`;
}
