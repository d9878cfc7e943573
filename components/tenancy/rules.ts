import type { Rule, TableRules } from './declaration';
import type { Scope } from './scope';

export const commands = ['read', 'insert', 'update', 'delete'] as const;
export type Command = (typeof commands)[number];

/** Who may, whether or not a scope is needed besides. */
export function roleOf<Role extends string>(rule: Rule<Role>): Role {
  return typeof rule === 'string' ? rule : rule.role;
}

/** The scope that an API key needs; undefined when any does. */
export function scopeOf(rule: Rule<string>): Scope | undefined {
  return typeof rule === 'string' ? undefined : rule.scope;
}

/** The column that names whose row it is. Only for rules that need one: a checked declaration has it then. */
export function ownerOf({ owner }: Pick<TableRules, 'owner'>): string {
  if (owner === undefined) throw new Error('a rule about owners needs the column that names them');
  return owner;
}

/** Whether tenants may write a column, by whichever command. */
export function isWritable(
  { columns, hidden = [] }: Pick<TableRules, 'columns' | 'hidden'>,
  column: string,
): boolean {
  return columns ? columns.includes(column) : !hidden.includes(column);
}

/** What a table refers to: the columns besides `tenant_id`, and the table. Sorted. */
export interface Reference {
  readonly columns: readonly string[];
  readonly parent: string;
}

export function referencesOf({ parents = {} }: Pick<TableRules, 'parents'>): Reference[] {
  return byName(parents).map(([columns, parent]) => ({ columns: columns.split(','), parent }));
}

/** In the order of names: the order in which a declaration is written means nothing, so it must not show. */
export function byName<T>(named: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1));
}
