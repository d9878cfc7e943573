import { isPlainName, plainAdvice } from './identifiers';
import { insertRules, rowRules, sharedRules } from './declaration';
import { channelsProblems, realtimeProblems } from './channels';
import { columnsProblems, ownerProblems, parentsProblems, personalProblems } from './columns';
import { appSchema } from './places';
import { commands, type Command } from './rules';
import { ruleScopes } from './scope';
import { isRecord, show, unknownKeys, wordProblems } from './wording';

const roles: Readonly<Record<Command, readonly string[]>> = {
  read: rowRules,
  insert: insertRules,
  update: rowRules,
  delete: rowRules,
};
const keys = ['owner', 'columns', 'hidden', 'personal', 'parents', 'realtime', ...commands];

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
  const { tables } = declaration;
  return [
    ...unknownKeys('', declaration, ['tables', 'shared', 'channels']),
    ...Object.entries(tables).flatMap(([table, rules]) => tableProblems(table, rules, tables)),
    ...sharedProblems(declaration.shared, tables),
    ...channelsProblems(declaration.channels),
  ];
}

function tableProblems(table: string, rules: unknown, tables: Record<string, unknown>): string[] {
  const name = nameProblems(table);
  if (!isRecord(rules))
    return [...name, `${table} is ${show(rules)}: expected an object of ${keys.join(', ')}`];
  return [
    ...name,
    ...unknownKeys(`${table}.`, rules, keys),
    ...commands.flatMap((command) => ruleProblems(table, command, rules)),
    ...ownerProblems(table, rules),
    ...columnsProblems(`${table}.columns`, rules.columns, {
      what: 'columns that tenants may write',
      otherwise: "where they may write none, insert and update are 'nobody'",
    }),
    ...columnsProblems(`${table}.hidden`, rules.hidden, {
      what: 'columns that no tenant reads',
      otherwise: "where they may read none, read is 'nobody'",
    }),
    ...personalProblems(table, rules.personal),
    ...parentsProblems(table, rules.parents, tables),
    ...realtimeProblems(table, rules),
  ];
}

function nameProblems(table: string): string[] {
  const [first, second, ...more] = table.split('.');
  if (first === undefined || second === undefined || more.length > 0) {
    const advice = isPlainName(table)
      ? `write ${appSchema}.${table}`
      : `write ${appSchema}. and the table's name`;
    return [`${show(table)} is not a table with its schema: ${advice}`];
  }
  if (!isPlainName(second)) return [`${show(table)} is no name for a table: ${plainAdvice}`];
  return first === appSchema
    ? []
    : [
        `${show(table)} is in the schema ${show(first)}: tables of tenants stand in ${appSchema}, as ${appSchema}.${second}`,
      ];
}

function ruleProblems(table: string, command: Command, rules: Record<string, unknown>): string[] {
  const where = `${table}.${command}`;
  const rule = rules[command];
  if (!isRecord(rule)) return roleProblems(where, rule, roles[command], rules.owner);
  const allowed = roles[command].filter((role) => role !== 'nobody');
  return [
    ...unknownKeys(`${where}.`, rule, ['role', 'scope']),
    ...roleProblems(`${where}.role`, rule.role, allowed, rules.owner),
    ...wordProblems(`${where}.scope`, rule.scope, ruleScopes),
  ];
}

function roleProblems(
  where: string,
  role: unknown,
  allowed: readonly string[],
  owner: unknown,
): string[] {
  const problems = wordProblems(where, role, allowed);
  if (problems.length > 0 || owner !== undefined) return problems;
  if (role !== 'owner' && role !== 'self') return [];
  const [schema = '', table = ''] = where.split('.');
  return [
    `${where} is '${role}' but ${schema}.${table}.owner names no column: add owner: 'author_id' or the like`,
  ];
}

function sharedProblems(shared: unknown, tables: Record<string, unknown>): string[] {
  if (shared === undefined) return [];
  if (!isRecord(shared)) {
    return [`shared is ${show(shared)}: expected { 'app.countries': 'member' }`];
  }
  return Object.entries(shared).flatMap(([table, rule]) => [
    ...nameProblems(table),
    ...wordProblems(`shared.${table}`, rule, sharedRules),
    ...(Object.hasOwn(tables, table)
      ? [`${table} stands in tables and in shared: its rows are some tenant's, or no tenant's`]
      : []),
  ]);
}
