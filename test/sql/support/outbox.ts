import {
  eventTriggers,
  type DeclaredFunction,
} from '../../../components/services/declared-functions';
import { Bench, type Row } from './bench';
import { declaration, putUp } from './platform';
import type { Server } from './server';

/** An event that was handed out, with what tests look at. */
export interface Claimed {
  readonly id: string;
  readonly lease: string;
  readonly attempts: number;
  readonly new_row: Row | null;
}

/** Lets functions wait for changes of tables, as a deployment does: by the tables' fences. */
export function watch(
  server: Server,
  database: string,
  functions: readonly DeclaredFunction[],
): Promise<void> {
  return putUp(server, database, declaration, eventTriggers(functions));
}

/** A function that waits for every change of a table. */
export function watcher(name: string, of: string): DeclaredFunction {
  const operations = ['insert', 'update', 'delete'] as const;
  return { name, file: `app/functions/${name}.ts`, kind: 'event', table: of, operations };
}

/** A bench with what the outbox's dispatcher does. */
export class OutboxBench extends Bench {
  /** Every event there is, in its order. */
  events(columns: string): Promise<readonly Row[]> {
    return this.admin(`select ${columns} from outbox.events order by position`);
  }

  /** What a function of the outbox answers its dispatcher. */
  async ask(text: string, ...values: unknown[]): Promise<unknown> {
    const client = await this.connect('strata_dispatcher');
    const { rows } = await client.query<{ value: unknown }>(`select ${text} as value`, values);
    return rows[0]?.value;
  }

  async claim(
    { functions = ['notes'], most = 10, lease = '1 minute', attempts = 3 } = {},
    use = '',
  ): Promise<Claimed[]> {
    const client = await this.connect('strata_dispatcher', use);
    const { rows } = await client.query<Claimed>('select * from outbox.claim($1, $2, $3, $4)', [
      functions,
      most,
      lease,
      attempts,
    ]);
    return rows;
  }

  complete({ id, lease }: Claimed): Promise<unknown> {
    return this.ask('outbox.complete($1, $2)', id, lease);
  }

  fail({ id, lease }: Claimed, most = 3): Promise<unknown> {
    return this.ask('outbox.fail($1, $2, $3, $4)', id, lease, 'it broke', most);
  }
}
