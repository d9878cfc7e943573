import { nearest } from '../../engine/nearest';
import { insertRules, rowRules } from './declaration';
import { isPlainName, plainAdvice } from './identifiers';

const commands = {
  read: rowRules,
  insert: insertRules,
  update: rowRules,
  delete: rowRules,
} as const;
const keys = ['owner', 'columns', ...Object.keys(commands)];
const schema = 'app';

/**
 * Everything that is wrong with a declaration, a sentence each: where, what was received, what is allowed.
 * Takes `unknown` because the file that makes it is run without its types being checked.
 */
export function declarationProblems(declaration: unknown): string[] {
  if (!isRecord(declaration) || !isRecord(declaration.tables)) {
    return [
      `it is ${show(declaration)}: expected { tables: { 'app.notes': { read: …, insert: …, update: …, delete: … } } }`,
    ];
  }
  return [
    ...unknownKeys('', declaration, ['tables']),
    ...Object.entries(declaration.tables).flatMap(([table, rules]) => tableProblems(table, rules)),
  ];
}

function tableProblems(table: string, rules: unknown): string[] {
  const name = nameProblems(table);
  if (!isRecord(rules))
    return [...name, `${table} is ${show(rules)}: expected an object of ${keys.join(', ')}`];
  return [
    ...name,
    ...unknownKeys(`${table}.`, rules, keys),
    ...Object.entries(commands).flatMap(([command, allowed]) =>
      ruleProblems(table, command, rules, allowed),
    ),
    ...ownerProblems(table, rules),
    ...columnsProblems(table, rules.columns),
  ];
}

function nameProblems(table: string): string[] {
  const [first, second, ...more] = table.split('.');
  if (first === undefined || second === undefined || more.length > 0) {
    const advice = isPlainName(table)
      ? `write ${schema}.${table}`
      : `write ${schema}. and the table's name`;
    return [`${show(table)} is not a table with its schema: ${advice}`];
  }
  if (!isPlainName(second)) return [`${show(table)} is no name for a table: ${plainAdvice}`];
  return first === schema
    ? []
    : [
        `${show(table)} is in the schema ${show(first)}: tables of tenants stand in ${schema}, as ${schema}.${second}`,
      ];
}

function ruleProblems(
  table: string,
  command: string,
  rules: Record<string, unknown>,
  allowed: readonly string[],
): string[] {
  const rule = rules[command];
  if (rule === undefined) return [`${table}.${command} is missing; allowed: ${allowed.join(', ')}`];
  if (typeof rule !== 'string' || !allowed.includes(rule)) {
    return [
      `${table}.${command} is ${show(rule)}; allowed: ${allowed.join(', ')}${meant(rule, allowed)}`,
    ];
  }
  return (rule === 'owner' || rule === 'self') && rules.owner === undefined
    ? [
        `${table}.${command} is '${rule}' but ${table}.owner names no column: add owner: 'author_id' or the like`,
      ]
    : [];
}

function ownerProblems(table: string, { owner }: Record<string, unknown>): string[] {
  if (owner === undefined) return [];
  const problem = columnProblem(owner, `the column with a user's id`);
  return problem ? [`${table}.owner is ${show(owner)}: ${problem}`] : [];
}

function columnsProblems(table: string, columns: unknown): string[] {
  if (columns === undefined) return [];
  if (!Array.isArray(columns) || columns.length === 0) {
    return [
      `${table}.columns is ${show(columns)}: expected names of columns that tenants may write; ` +
        "where they may write none, insert and update are 'nobody'",
    ];
  }
  const names: readonly unknown[] = columns;
  return names.flatMap((column, index) => {
    const problem =
      names.indexOf(column) < index
        ? 'it is named twice'
        : columnProblem(column, 'a column that tenants may write');
    return problem ? [`${table}.columns has ${show(column)}: ${problem}`] : [];
  });
}

function columnProblem(column: unknown, expected: string): string | undefined {
  if (typeof column !== 'string') return `expected the name of ${expected}`;
  if (!isPlainName(column)) return plainAdvice;
  return column === 'tenant_id'
    ? `tenant_id is set by the platform; expected ${expected}`
    : undefined;
}

function unknownKeys(
  prefix: string,
  value: Record<string, unknown>,
  known: readonly string[],
): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${prefix}${key} is not known; allowed: ${known.join(', ')}${meant(key, known)}`);
}

function meant(given: unknown, known: readonly string[]): string {
  const word = typeof given === 'string' ? nearest(given, known) : undefined;
  return word === undefined ? '' : ` (did you mean '${word}'?)`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return value === undefined ? 'undefined' : JSON.stringify(value);
}
