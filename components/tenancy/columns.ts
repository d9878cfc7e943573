import { anonymisations } from './declaration';
import { isPlainName, plainAdvice } from './identifiers';
import { isRecord, meant, show, unknownKeys } from './wording';

/** What is wrong with the columns that a table's rules name, a sentence each. */

export function ownerProblems(table: string, { owner }: Record<string, unknown>): string[] {
  if (owner === undefined) return [];
  const problem = columnProblem(owner, `the column with a user's id`);
  return problem ? [`${table}.owner is ${show(owner)}: ${problem}`] : [];
}

/** A list of columns; `what` they are, and what to write `otherwise`, instead of an empty list. */
export function columnsProblems(
  where: string,
  columns: unknown,
  { what, otherwise }: { readonly what: string; readonly otherwise: string },
): string[] {
  if (columns === undefined) return [];
  if (!Array.isArray(columns) || columns.length === 0) {
    return [`${where} is ${show(columns)}: expected names of ${what}; ${otherwise}`];
  }
  const names: readonly unknown[] = columns;
  return names.flatMap((column, index) => {
    const problem =
      names.indexOf(column) < index
        ? 'it is named twice'
        : columnProblem(column, `one of the ${what}`);
    return problem ? [`${where} has ${show(column)}: ${problem}`] : [];
  });
}

export function personalProblems(table: string, personal: unknown): string[] {
  if (personal === undefined) return [];
  if (!isRecord(personal)) {
    return [`${table}.personal is ${show(personal)}: expected { email: 'email', phone: 'erase' }`];
  }
  return Object.entries(personal).flatMap(([column, how]) => [
    ...keyProblems(`${table}.personal`, column, 'a column that tells about a person'),
    ...anonymisationProblems(`${table}.personal.${column}`, how),
  ]);
}

function anonymisationProblems(where: string, how: unknown): string[] {
  if (isRecord(how)) {
    const text = typeof how.value === 'string' && !how.value.includes('\0');
    return [
      ...unknownKeys(`${where}.`, how, ['value']),
      ...(text
        ? []
        : [`${where}.value is ${show(how.value)}: expected a text, such as '1970-01-01'`]),
    ];
  }
  const known: readonly unknown[] = anonymisations;
  if (known.includes(how)) return [];
  return [
    `${where} is ${show(how)}; allowed: ${anonymisations.join(', ')}, { value: '…' }${meant(how, anonymisations)}`,
  ];
}

export function parentsProblems(
  table: string,
  parents: unknown,
  tables: Record<string, unknown>,
): string[] {
  if (parents === undefined) return [];
  if (!isRecord(parents)) {
    return [`${table}.parents is ${show(parents)}: expected { project_id: 'app.projects' }`];
  }
  const known = Object.keys(tables);
  return Object.entries(parents).flatMap(([columns, parent]) => [
    ...columns
      .split(',')
      .flatMap((column) =>
        keyProblems(`${table}.parents`, column, 'a column that names a row of the parent'),
      ),
    ...(typeof parent === 'string' && known.includes(parent)
      ? []
      : [
          `${table}.parents.${columns} is ${show(parent)}: tables declares no such table${meant(parent, known)}`,
        ]),
  ]);
}

function keyProblems(where: string, column: string, expected: string): string[] {
  const problem = columnProblem(column, expected);
  return problem ? [`${where} has ${show(column)}: ${problem}`] : [];
}

function columnProblem(column: unknown, expected: string): string | undefined {
  if (typeof column !== 'string') return `expected the name of ${expected}`;
  if (!isPlainName(column)) return plainAdvice;
  return column === 'tenant_id'
    ? `tenant_id is set by the platform; expected ${expected}`
    : undefined;
}
