import { Refusal } from '../shared/refusal';
import type { Column, Row } from './changes/reading';

type Operator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte' | 'in';

/** What a row must have: `status=eq.open`, `id=in.(1,2)`. */
export interface Filter {
  readonly column: string;
  readonly operator: Operator;
  /** One, or several of `in`; as numbers where the column has numbers. */
  readonly values: readonly Value[];
  readonly read: (value: unknown) => Value | undefined;
}

type Value = string | number;

const form = /^(\w+)=(eq|neq|lt|lte|gt|gte|in)\.(.*)$/s;

const mostValues = 100;

const numbers: ReadonlySet<string> = new Set([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
]);

const times: ReadonlySet<string> = new Set(['timestamptz', 'timestamp', 'date']);

/** Reads a filter on one of the columns that may be read. Throws `Refusal` (400). */
export function filterOf(text: string, columns: readonly Column[]): Filter {
  const [, column = '', operator, rest = ''] = form.exec(text) ?? [];
  if (operator === undefined) {
    throw invalid('a filter is column=eq.value; beside eq there are neq, lt, lte, gt, gte and in');
  }
  const found = columns.find(({ name }) => name === column);
  if (!found) throw invalid(`a filter names the column "${column}", which is not there`);
  const read = readerOf(found.type);
  const texts = operator === 'in' ? listOf(rest) : [rest];
  const values = texts.flatMap((one) => read(one) ?? []);
  if (values.length !== texts.length) {
    throw invalid(`a filter on ${column} has a value that is no ${found.type}`);
  }
  return { column, operator: operator as Operator, values, read };
}

/** A row without the column, or with null in it, has nothing that a filter could want. */
export function matches({ column, operator, values, read }: Filter, row: Row): boolean {
  const value = Object.hasOwn(row, column) ? read(row[column]) : undefined;
  const [wanted] = values;
  if (value === undefined) return false;
  if (operator === 'in') return values.includes(value);
  if (wanted === undefined) return false;
  switch (operator) {
    case 'eq':
      return value === wanted;
    case 'neq':
      return value !== wanted;
    case 'lt':
      return value < wanted;
    case 'lte':
      return value <= wanted;
    case 'gt':
      return value > wanted;
    case 'gte':
      return value >= wanted;
  }
}

/** How values of a type are compared; undefined for what is none. */
function readerOf(type: string): Filter['read'] {
  if (numbers.has(type)) return numberOf;
  if (times.has(type)) return (value) => finite(Date.parse(String(value)));
  if (type === 'uuid') return (value) => textOf(value)?.toLowerCase();
  return textOf;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return finite(value);
  return typeof value === 'string' && value.trim() !== '' ? finite(Number(value)) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function listOf(text: string): string[] {
  const [, inside] = /^\((.+)\)$/s.exec(text) ?? [];
  const values = inside?.split(',').map((value) => value.trim().replace(/^"(.*)"$/s, '$1')) ?? [];
  if (values.length > 0 && values.length <= mostValues) return values;
  throw invalid(`in has a list of at most ${String(mostValues)} values: id=in.(1,2)`);
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'changes_invalid', message);
}
