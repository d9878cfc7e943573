import type { Client } from 'pg';
import { compileTenancy } from '../../../components/tenancy/compile';
import {
  eventTriggers,
  withEvents,
  type DeclaredFunction,
} from '../../../components/services/declared-functions';
import { table } from '../../../provider/tenancy/table';
import { contextFor } from '../../support/local';
import { actor, type ActorName } from './actors';
import { declaration } from './platform';
import type { Server } from './server';
import type { World } from './world';

type Row = Readonly<Record<string, unknown>>;

/** An event that was handed out, with what tests look at. */
export interface Claimed {
  readonly id: string;
  readonly lease: string;
  readonly attempts: number;
  readonly new_row: Row | null;
}

/** What the outbox promises: `holds` throws where it does not. */
export interface Promised {
  readonly name: string;
  readonly holds: (bench: Bench) => Promise<void>;
}

/** Lets functions wait for changes of tables, as a deployment does: by the tables' fences. */
export async function watch(
  server: Server,
  database: string,
  functions: readonly DeclaredFunction[],
): Promise<void> {
  const url = server.url('strata_migrator', database);
  for (const fence of withEvents(compileTenancy(declaration), eventTriggers(functions))) {
    await table.create({ url, cluster: 'test', schema: '1', ...fence }, contextFor(fence.table));
  }
}

/** A function that waits for every change of a table. */
export function watcher(name: string, of: string): DeclaredFunction {
  const operations = ['insert', 'update', 'delete'] as const;
  return { name, file: `app/functions/${name}.ts`, kind: 'event', table: of, operations };
}

/** A database whose tables are watched, and everybody who comes to it. */
export class Bench {
  private readonly clients = new Map<string, Promise<Client>>();

  constructor(
    private readonly server: Server,
    private readonly database: string,
    readonly world: World,
  ) {}

  /** A connection of a login; the same one each time for the same `use`. */
  connect(login: string, use = ''): Promise<Client> {
    const key = `${login} ${use}`;
    const client = this.clients.get(key) ?? this.server.connect(login, this.database);
    this.clients.set(key, client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients.values()) await (await client).end();
  }

  /** One transaction of somebody, committed; the rows of its last statement. */
  async as(name: ActorName, ...statements: readonly string[]): Promise<readonly Row[]> {
    const { login, setUp } = actor(name);
    const client = await this.connect(login);
    await client.query(['begin', ...setUp(this.world)].join(';'));
    try {
      let rows: readonly Row[] = [];
      for (const statement of statements) ({ rows } = await client.query<Row>(statement));
      await client.query('commit');
      return rows;
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  }

  /** As a superuser, whom no policy filters. */
  async admin(text: string): Promise<readonly Row[]> {
    return (await (await this.connect('postgres')).query<Row>(text)).rows;
  }

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

  /** What ann writes in acme: the ids of new notes. */
  async notes(...bodies: readonly string[]): Promise<readonly string[]> {
    const rows = bodies.map((body) => `('${this.world.acme.project}', '${body}')`).join(', ');
    const made = await this.as(
      'ann by backend',
      `insert into app.notes (project_id, body) values ${rows} returning id`,
    );
    return made.map(({ id }) => String(id));
  }

  async rewrite(id: string, body: string): Promise<void> {
    await this.as('ann by backend', `update app.notes set body = '${body}' where id = '${id}'`);
  }
}

/** The one element of a list; an error when there are others or none. */
export function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  if (first === undefined || others.length > 0) throw new Error(`${list.length} instead of one`);
  return first;
}
