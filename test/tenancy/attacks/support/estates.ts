import { people, rowId, type Estate, type Kind } from './names';

interface Spec {
  readonly admin: string;
  readonly member: string;
  readonly word: string;
  /** How many projects, each with a note; of the other tables half as many. */
  readonly count: number;
}

const specs: Readonly<Record<Estate, Spec>> = {
  a: { admin: people.ann, member: people.bob, word: 'Rocket', count: 3 },
  b: { admin: people.gus, member: people.hal, word: 'Weather', count: 3 },
  'other b': { admin: people.gus, member: people.ivy, word: 'Volcano', count: 24 },
};

/** Tables in the order in which rows can be put in; taken out in the opposite one. */
export const tablesInOrder = [
  'projects',
  'notes',
  'folders',
  'papers',
  'diaries',
  'safes',
  'drops',
  'sealed',
] as const satisfies readonly Kind[];

/** How a project of an estate is called. */
export function projectName(estate: Estate, n: number): string {
  return `${specs[estate].word} ${String(n)}`;
}

/**
 * Rows of a tenant in whichever tables the search path names. B has, in one of its estates, rows with A's own ids and
 * names besides: only the tenant tells them apart.
 */
export function estateSql(tenant: string, estate: Estate): string {
  const { word, count, admin, member } = specs[estate];
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const id = (kind: Kind, n: number): string => `'${rowId(estate, kind, n)}'`;
  const by = (n: number): string => `'${n % 2 === 1 ? admin : member}'`;
  const row = (kind: Kind, columns: string, values: (n: number) => string): string =>
    `insert into ${kind} (tenant_id, id, ${columns}) values ${numbers
      .map((n) => `('${tenant}', ${id(kind, n)}, ${values(n)})`)
      .join(', ')};`;
  return [
    row('projects', 'name', (n) => `'${word} ${String(n)}'`),
    row(
      'notes',
      'project_id, author_id, body',
      (n) => `${id('projects', n)}, ${by(n)}, '${word} note ${String(n)}'`,
    ),
    row('folders', 'name', (n) => `'${word} folder ${String(n)}'`),
    row(
      'papers',
      'folder_id, author_id, body, score',
      (n) => `${id('folders', n)}, ${by(n)}, '${word} paper ${String(n)}', ${String(n * 7)}`,
    ),
    row('diaries', 'author_id, body', (n) => `${by(n)}, '${word} diary ${String(n)}'`),
    row('safes', 'label, secret', (n) => `'${word} safe', '${word} secret ${String(n)}'`),
    row('drops', 'body', (n) => `'${word} drop ${String(n)}'`),
    row('sealed', 'body', (n) => `'${word} seal ${String(n)}'`),
    ...(estate === 'b' ? [twins(tenant)] : []),
  ].join('\n');
}

/** Takes a tenant's rows out of the tables that the search path names. */
export function clearSql(tenant: string): string {
  return [...tablesInOrder]
    .reverse()
    .map((table) => `delete from ${table} where tenant_id = '${tenant}';`)
    .join('\n');
}

function twins(tenant: string): string {
  const project = rowId('a', 'projects', 1);
  return `insert into projects (tenant_id, id, name) values ('${tenant}', '${project}', '${projectName('a', 1)}');
    insert into notes (tenant_id, id, project_id, author_id, body)
      values ('${tenant}', '${rowId('a', 'notes', 1)}', '${project}', '${people.gus}', 'Weather twin');
    insert into folders (tenant_id, id, name) values ('${tenant}', '${rowId('a', 'folders', 1)}', 'Weather twin');`;
}
