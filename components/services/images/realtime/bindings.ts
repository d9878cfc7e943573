import { z } from 'zod';
import { appSchema } from '../../../tenancy/places';
import { Refusal } from '../shared/refusal';
import type { Change } from './changes/change';
import type { Column, Row } from './changes/reading';
import { filterOf, matches, type Filter } from './filter';

/** What a client asks for of a channel's `postgres_changes` (realtime-js 2.119.1, src/RealtimeChannel.ts). */
export const askedBinding = z.object({
  event: z.enum(['*', 'INSERT', 'UPDATE', 'DELETE']),
  schema: z.string().max(63),
  table: z.string().max(63).nullish(),
  filter: z.string().max(1000).nullish(),
  select: z.never('select is not supported: every column that may be read is told').optional(),
});

type Asked = z.output<typeof askedBinding>;

/** One wish to hear of changes. */
export interface Binding {
  readonly id: number;
  readonly asked: Asked;
  /** Tables as the declaration names them: `app.notes`. */
  readonly tables: readonly string[];
  readonly filter: Filter | undefined;
}

/**
 * What was asked for, against what is told at all. `columnsOf` answers with what the member may read. Throws `Refusal`
 * (400) when a schema, a table or a filter's column is not there.
 */
export function bindingsOf(
  all: readonly Asked[],
  told: readonly string[],
  columnsOf: (table: string) => Promise<readonly Column[]>,
): Promise<Binding[]> {
  return Promise.all(
    all.map(async (asked, index): Promise<Binding> => {
      // The client takes 0 for none.
      const id = index + 1;
      const { schema, table, filter } = asked;
      if (schema !== appSchema) {
        throw invalid(`changes are told of the schema ${appSchema}: give schema: "${appSchema}"`);
      }
      const every = table === undefined || table === null || table === '*';
      const tables = every ? told : told.filter((name) => name === `${appSchema}.${table}`);
      if (tables.length === 0) {
        throw invalid(
          `changes of "${table ?? '*'}" are not told: the declaration of tenancy says realtime: true where they are`,
        );
      }
      if (filter === undefined || filter === null || filter === '') {
        return { id, asked, tables, filter: undefined };
      }
      const [only] = tables;
      if (every || only === undefined) throw invalid('a filter belongs to one table: name it');
      return { id, asked, tables, filter: filterOf(filter, await columnsOf(only)) };
    }),
  );
}

/** The answer to a join: what was asked for, with the ids by which changes come. */
export function answerOf(bindings: readonly Binding[]): object[] {
  return bindings.map(({ id, asked }) => ({ id, ...asked }));
}

/** Whether somebody wants to hear of a change, before its row is looked at. */
export function concerns({ asked: { event }, tables }: Binding, change: Change): boolean {
  return (event === '*' || event === change.operation) && tables.includes(change.table);
}

/** Ids of those that want this row of a change. */
export function wantedBy(bindings: readonly Binding[], change: Change, row: Row): number[] {
  return bindings
    .filter((one) => concerns(one, change) && (!one.filter || matches(one.filter, row)))
    .map(({ id }) => id);
}

/** A change as the client reads it: of a row that is gone its key alone, and nothing of what a row was before. */
export function dataOf(
  { table, operation, at, key }: Change,
  row: Row,
  columns: readonly Column[],
): object {
  const [schema, name] = table.split('.', 2);
  return {
    schema,
    table: name,
    commit_timestamp: at,
    type: operation,
    columns,
    ...(operation !== 'DELETE' && { record: row }),
    ...(operation !== 'INSERT' && { old_record: key }),
    errors: null,
  };
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'changes_invalid', message);
}
