import { DatabaseError, type Client } from 'pg';
import { actor, type ActorName } from './actors';
import type { Server } from './server';
import type { World } from './world';

export type Row = Readonly<Record<string, unknown>>;

/** A database whose tables tell of their changes, and everybody who comes to it. */
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

/** A function that a migration might leave behind, `app.careless()`: it runs as the owner, and tenants may call it. */
export async function careless(bench: Bench, returns: string, body: string): Promise<void> {
  await bench.admin(`
    drop function if exists app.careless();
    create function app.careless() returns ${returns} language sql security definer set search_path = ''
      as $$ ${body} $$;
    alter function app.careless() owner to strata_owner;
    grant execute on function app.careless() to strata_tenant`);
}

/** The code by which the database refuses a statement; undefined when it does not. */
export function refusal(
  bench: Bench,
  as: ActorName,
  statement: string,
): Promise<string | undefined> {
  return bench.as(as, statement).then(() => undefined, codeOf);
}

/** The code of what the database said; anything else is thrown on. */
export function codeOf(error: unknown): string {
  if (error instanceof DatabaseError) return error.code ?? '';
  throw error;
}

/** The one element of a list; an error when there are others or none. */
export function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  if (first === undefined || others.length > 0) throw new Error(`${list.length} instead of one`);
  return first;
}
