import { DatabaseError, type Client, type FieldDef, type QueryArrayResult } from 'pg';
import { platformDatabase } from '../../../../components/tenancy/places';
import type { Server } from '../../../sql/support/server';
import { attackers } from './names';
import type { Move, Sequence } from './sequence';
import type { Statement } from './statements';

/** Everything that one statement shows to whoever sent it. */
type Seen = readonly unknown[];

/** One world in which moves are made for good, until A's rows are put back. */
export class Board {
  private readonly clients = new Map<string, Promise<Client>>();
  private others: string | undefined;
  /** How often a statement came to what: a SQLSTATE, `rows` or `nothing`, or the command that changed rows. */
  readonly outcomes = new Map<string, number>();

  constructor(private readonly server: Server) {}

  /** What A sees of each move of a sequence, one entry for each statement. */
  async play(sequence: Sequence): Promise<Seen[]> {
    const seen: Seen[] = [];
    for (const move of sequence) seen.push(await this.make(move));
    return seen;
  }

  /** Puts A's rows back and forgets what the sessions keep. False when somebody else's rows had changed. */
  async restore(sequence: Sequence): Promise<boolean> {
    const used = new Map(sequence.map(({ door }) => [keyOf(door), door]));
    for (const door of used.values()) {
      const client = await this.client(door.login, door.database);
      await client.query('reset session authorization; rollback');
      await client.query('discard all');
    }
    const hashes = await Promise.all(
      [platformDatabase, attackers.database.place.database].map(async (database) => {
        const client = await this.client('postgres', database);
        const { rows } = await client.query<{ hash: string }>('select kept.restore() as hash');
        return rows[0]?.hash ?? '';
      }),
    );
    const now = hashes.join(' ');
    this.others ??= now;
    return now === this.others;
  }

  /** A hash of everybody else's rows. */
  get hash(): string | undefined {
    return this.others;
  }

  /** From here on the rows of others are to stay as they are. */
  async begin(): Promise<void> {
    this.others = undefined;
    await this.restore([]);
  }

  private async make({ door, games, statements, end }: Move): Promise<Seen> {
    const client = await this.client(door.login, door.database);
    const seen: unknown[] = [await observe(client, { text: ['begin', ...door.setUp].join(';') })];
    for (const text of games) seen.push(await this.within(client, { text }));
    for (const statement of statements) seen.push(await this.within(client, statement));
    seen.push(await observe(client, { text: end }));
    return seen;
  }

  /** An error takes back its own statement only. */
  private async within(client: Client, statement: Statement): Promise<unknown> {
    await client.query('savepoint ours').catch(() => undefined);
    const seen = await observe(client, statement);
    if (isError(seen)) await client.query('rollback to ours').catch(() => undefined);
    const outcome = outcomeOf(seen);
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return seen;
  }

  private client(login: string, database: string): Promise<Client> {
    const key = keyOf({ login, database });
    const client = this.clients.get(key) ?? this.server.connect(login, database);
    this.clients.set(key, client);
    return client;
  }
}

function keyOf({ login, database }: { login: string; database: string }): string {
  return `${login}@${database}`;
}

function isError(seen: unknown): seen is { code: string } {
  return typeof seen === 'object' && seen !== null && 'code' in seen;
}

function outcomeOf(seen: unknown): string {
  if (isError(seen)) return seen.code;
  const { results } = seen as { results?: readonly { command: string; rowCount: number | null }[] };
  const { command, rowCount } = results?.at(-1) ?? {};
  if (!rowCount) return 'nothing';
  return command === 'SELECT' ? 'rows' : (command ?? 'nothing');
}

/** Rows in no order, unless the statement gives them one: without it, Postgres promises none. */
export async function observe(client: Client, { text, errorOnly }: Statement): Promise<unknown> {
  const heard: unknown[] = [];
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  const onNotice = ({ severity, code, message, detail, hint, where }: DatabaseError): void =>
    void heard.push({ severity, code, message, detail, hint, where });
  const onCopy = ({ chunk }: { chunk: Buffer }): void => void heard.push(chunk.toString());
  client.on('notice', onNotice as (notice: unknown) => void);
  connection.on('copyData', onCopy);
  try {
    const results = [await client.query<unknown[]>({ text, rowMode: 'array' })].flat();
    return errorOnly
      ? 'no error'
      : { results: results.map(answer), heard: heard.map((part) => JSON.stringify(part)).sort() };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { severity, code, message, detail, hint, where, position } = error;
    const { schema, table, column, constraint, dataType } = error;
    return {
      severity,
      code,
      message,
      detail,
      hint,
      where,
      position,
      schema,
      table,
      column,
      constraint,
      dataType,
      heard,
    };
  } finally {
    client.off('notice', onNotice as (notice: unknown) => void);
    connection.off('copyData', onCopy);
  }
}

function answer({ command, rowCount, fields, rows }: QueryArrayResult<unknown[]>): unknown {
  return {
    command,
    rowCount,
    fields: fields.map(({ name, dataTypeID }: FieldDef) => `${name} ${String(dataTypeID)}`),
    rows: rows.map((row) => JSON.stringify(row)).sort(),
  };
}
