import { nearest } from '../../engine/nearest';
import { rules, type TenancyDeclaration } from './declaration';

const commands = ['read', 'insert', 'update', 'delete'] as const;
const identifier = /^[a-z_][a-z0-9_]{0,62}$/;
const tableName = /^app\.[a-z_][a-z0-9_]{0,62}$/;

/** Everything that is wrong with a declaration, one sentence each; its file is only typed, so nothing is trusted. */
export function declarationProblems(declaration: TenancyDeclaration): string[] {
  const tables: unknown = (declaration as Partial<TenancyDeclaration> | null)?.tables;
  if (!isRecord(tables)) return ['"tables" must be an object of table name → rules'];
  return Object.entries(tables).flatMap(([name, table]) => tableProblems(name, table));
}

function tableProblems(name: string, table: unknown): string[] {
  if (!tableName.test(name)) {
    return [`${JSON.stringify(name)} is no table name: write app.<table> in lower case, digits and underscores`];
  }
  if (!isRecord(table)) return [`${name} must be an object with ${commands.join(', ')}`];
  const known: readonly string[] = [...commands, 'owner'];
  return [
    ...Object.keys(table)
      .filter((key) => !known.includes(key))
      .map((key) => `${name}.${key} is not known${meant(key, known)}`),
    ...commands.flatMap((command) => ruleProblems(`${name}.${command}`, table[command])),
    ...ownerProblems(name, table),
  ];
}

function ruleProblems(where: string, rule: unknown): string[] {
  if (rules.some((known) => known === rule)) return [];
  const hint = typeof rule === 'string' ? meant(rule, rules) : '';
  return [`${where} is ${JSON.stringify(rule) ?? 'missing'}: allowed are ${rules.join(', ')}${hint}`];
}

function ownerProblems(name: string, table: Record<string, unknown>): string[] {
  const needed = commands.filter((command) => table[command] === 'owner');
  if (table.owner === undefined) {
    return needed.length
      ? [`${name} has the rule owner for ${needed.join(', ')} but no "owner": name the column that holds the user's id`]
      : [];
  }
  return typeof table.owner === 'string' && identifier.test(table.owner)
    ? []
    : [`${name}.owner is ${JSON.stringify(table.owner)}: it must name a column (lower case, digits, underscores)`];
}

function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near ? `; did you mean ${near}?` : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
