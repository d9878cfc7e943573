import { quoteName } from '../../../components/tenancy/identifiers';
import type { Column } from './source';

/** Type there → types here that hold each of its values. */
const wider: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'numeric'],
  integer: ['bigint', 'numeric'],
  bigint: ['numeric'],
  real: ['double precision'],
  json: ['jsonb'],
  citext: ['text'],
  uuid: ['text'],
};

/** How a table's columns are read there so that they fit here, and what stands in the way. */
export interface Columns {
  /** Column here → SQL expression there. */
  readonly read: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
  /** What somebody should know before it is done. */
  readonly notes: readonly string[];
}

/** Columns by their names; `placed` are those of the table there that have a meaning of their own, or stay behind. Pure. */
export function matchColumns(
  table: string,
  there: readonly Column[],
  here: readonly Column[],
  placed: readonly string[],
): Columns {
  const read = new Map<string, string>();
  const problems: string[] = [];
  const notes: string[] = [];
  for (const column of here) {
    const { name, type } = column;
    const source = there.find((one) => one.name === name);
    if (source) {
      if (fits(source, type)) read.set(name, `t.${quoteName(name)}::${type}`);
      else problems.push(`${table}.${name} is ${source.type} there and ${type} here`);
      continue;
    }
    const instead = insteadOf(column);
    if (instead === undefined) {
      problems.push(`${table} has no column ${name} there, and a row here needs one`);
      continue;
    }
    read.set(name, instead);
    notes.push(`${table}.${name} is not there: ${instead === 'null' ? 'it stays empty' : instead}`);
  }
  const known = new Set([...here.map(({ name }) => name), ...placed]);
  for (const { name } of there) {
    if (!known.has(name)) {
      problems.push(
        `${table}.${name} has no place here: add it to the table, or leave it behind (--leave ${table}.${name})`,
      );
    }
  }
  return { read, problems, notes };
}

function fits({ type, isEnum }: Column, wanted: string): boolean {
  // Supabase keeps extensions in a schema of their own.
  const plain = type.replace(/^extensions\./, '');
  if (type === wanted || (wider[plain] ?? []).includes(wanted)) return true;
  const isText = isEnum || /^(character( varying)?(\(\d+\))?|name)$/.test(type);
  return wanted === 'text' && isText;
}

/** A default that asks who is signed in has no answer in an import. */
function insteadOf({ isRequired, type, ...column }: Column): string | undefined {
  if (column.default === null) return isRequired ? undefined : 'null';
  if (/\b(tenancy|nextval)\b/.test(column.default)) return isRequired ? undefined : 'null';
  return `(${column.default})::${type}`;
}
