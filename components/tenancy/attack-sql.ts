import type { Attack, Whose } from './attacks';
import type { Audience } from './audience';
import { tableFor } from './audience';
import type { TableRules, TenancyDeclaration } from './declaration';
import { quoteName, quoteTable } from './identifiers';
import { isWritable } from './rules';

/** Literals of SQL as they are written, quotes included: column → value. */
export type Row = Readonly<Record<string, string>>;

/**
 * What an attack needs to know of one tenant: ids are uuids, tables are named as declared. Each table with an owner has
 * rows of `user` and of `other`, each table without one some row.
 */
interface Side {
  readonly tenant: string;
  /** The attacker, or whoever stands for the victim. */
  readonly user: string;
  /** Another member of the same tenant. */
  readonly other: string;
  /** A row that could be added: all columns that have to be given, `tenant_id` and owner apart. Of shared tables too. */
  readonly rows: Readonly<Record<string, Row>>;
  /** The key of one row that is there, without `tenant_id`. */
  readonly keys: Readonly<Record<string, Row>>;
}

export interface Sides {
  readonly own: Side;
  readonly victim: Side;
}

const anonymousRole = 'strata_anon';

/**
 * The statement of an attack. Its row count is what it read or changed.
 *
 * Runs in a transaction that has become the audience's role (or, for `anonymous`, strata_anon) with `claimsOf()` set; the
 * caller rolls it back. Names are quoted, ids are checked by Postgres; rows are the caller's own literals.
 */
export function attackSql(
  declaration: TenancyDeclaration,
  { table, deed }: Pick<Attack, 'table' | 'deed'>,
  sides: Sides,
  audience: Pick<Audience, 'schema'>,
): string {
  const name = quoteTable(tableFor(table, audience));
  const rules = declaration.tables[table];
  const found = (whose: Whose): string => (rules ? where(rules, sides, whose) : 'true');
  switch (deed.do) {
    case 'read':
      return `select 1 from ${name} where ${found(deed.whose)}`;
    case 'insert':
      return add(name, newRow(rules, table, sides, deed.whose));
    case 'update':
      return change(name, unchanged(rules, sides, table), found(deed.whose));
    case 'delete':
      return `delete from ${name} where ${found(deed.whose)}`;
    case 'give': {
      const column = deed.to === 'victim' ? 'tenant_id' : (rules?.owner ?? 'tenant_id');
      const to = deed.to === 'victim' ? sides.victim.tenant : sides.own.other;
      return change(name, { [column]: id(to) }, found('own'));
    }
    case 'refer': {
      const key = Object.values(sides.victim.keys[deed.parent] ?? {});
      const foreign = Object.fromEntries(deed.by.map((column, at) => [column, key[at] ?? 'null']));
      return add(name, { ...newRow(rules, table, sides, 'own'), ...foreign });
    }
    case 'show':
      return `select ${quoteName(deed.column)} from ${name}`;
    case 'guess':
      return `select 1 from ${name} where ${quoteName(deed.column)} is not null`;
    case 'write':
      return change(name, { [deed.column]: 'null' }, 'true');
    case 'truncate':
      return `truncate ${name}`;
  }
}

/** The role that an attack runs as, and its claims as the authenticator sets them; undefined without any. */
export function claimsOf(
  { by }: Pick<Attack, 'by'>,
  { own }: Sides,
  audience: Pick<Audience, 'role'>,
): { readonly role: string; readonly claims: Readonly<Record<string, string>> | undefined } {
  const role = by.who === 'anonymous' ? anonymousRole : audience.role;
  if (by.who === 'stranger') return { role, claims: undefined };
  return {
    role,
    claims: {
      'x-hasura-tenant-id': own.tenant,
      'x-hasura-user-id': own.user,
      'x-hasura-role': by.who === 'admin' ? 'tenant_admin' : 'tenant_member',
      ...(by.scopes && { 'x-hasura-scopes': by.scopes.join(' ') }),
    },
  };
}

function where({ owner, hidden }: TableRules, { own, victim }: Sides, whose: Whose): string {
  const tenant = `tenant_id = ${id((whose === 'victim' ? victim : own).tenant)}`;
  if (owner === undefined || hidden?.includes(owner) || whose === 'victim') return tenant;
  return `${tenant} and ${quoteName(owner)} = ${id(whose === 'own' ? own.user : own.other)}`;
}

/** The tenant is named only where it is another's: who may not write the column has it from the session. */
function newRow(
  rules: TableRules | undefined,
  table: string,
  { own, victim }: Sides,
  whose: Whose,
): Row {
  const side = whose === 'victim' ? victim : own;
  const owner = rules?.owner;
  const author = whose === 'other' ? own.other : side.user;
  return {
    ...side.rows[table],
    ...(whose === 'victim' && { tenant_id: id(side.tenant) }),
    ...(owner !== undefined &&
      (whose !== 'own' || isWritable(rules ?? {}, owner)) && { [owner]: id(author) }),
  };
}

/** A change that changes nothing where a column may be both written and read: what it needs is the right to. */
function unchanged(rules: TableRules | undefined, { own }: Sides, table: string): Row {
  const { columns, owner, hidden = [] } = rules ?? {};
  const known = [...(columns ?? Object.keys(own.rows[table] ?? {})), owner ?? 'tenant_id'];
  const writable = [...new Set([...known, 'tenant_id'])].filter((column) =>
    isWritable(rules ?? {}, column),
  );
  const visible = writable.find((column) => !hidden.includes(column));
  if (visible !== undefined) return { [visible]: quoteName(visible) };
  const [column = 'tenant_id'] = writable.filter((each) => each !== owner);
  return column === 'tenant_id' ? { [owner ?? column]: id(own.user) } : { [column]: 'null' };
}

function add(table: string, row: Row): string {
  const columns = Object.keys(row).sort();
  if (columns.length === 0) return `insert into ${table} default values`;
  const values = columns.map((column) => row[column]);
  return `insert into ${table} (${columns.map(quoteName).join(', ')}) values (${values.join(', ')})`;
}

function change(table: string, row: Row, condition: string): string {
  const set = Object.entries(row).map(([column, value]) => `${quoteName(column)} = ${value}`);
  return `update ${table} set ${set.join(', ')} where ${condition}`;
}

function id(value: string): string {
  return `'${value.replaceAll("'", "''")}'::uuid`;
}
