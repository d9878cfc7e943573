import { DatabaseError, type Client } from 'pg';
import { actor, type ActorName } from './actors';
import type { Server } from './server';
import type { World } from './world';

/** Something that somebody tries. */
export interface Attempt {
  readonly name: string;
  readonly as: ActorName;
  /** Statements in one transaction, which is rolled back; what the last one answers counts. */
  readonly run: (world: World) => string | readonly string[];
  /** Who used the same pooled connection just before. */
  readonly after?: ActorName;
  /** What somebody else did in another session, which is still open. */
  readonly elsewhere?: Other;
  /** What somebody else does and commits in another session after `run`; both are committed. */
  readonly meanwhile?: Other;
}

interface Other {
  readonly as: ActorName;
  readonly run: (world: World) => string;
}

type Row = Readonly<Record<string, unknown>>;

export interface Outcome {
  /** SQLSTATE of the statement that failed. */
  readonly code: string | undefined;
  readonly rows: readonly Row[];
  /** Rows that the last statement returned or changed. */
  readonly count: number;
  /** Everything that came back: rows, copied data, notices, notifications, the error. */
  readonly text: string;
  /** What was sent. */
  readonly sent: string;
  /** Whether rows changed that are not the actor's to change. */
  readonly changed: boolean;
}

/** One database and a connection to it for each login. */
export class Arena {
  private readonly clients = new Map<string, Promise<Client>>();
  private readonly hashes = new Map<string, string>();

  constructor(
    private readonly server: Server,
    private readonly database: string,
    readonly world: World,
  ) {}

  async attempt(attempt: Attempt): Promise<Outcome> {
    const who = actor(attempt.as);
    const client = await this.client(who.login, 'own');
    if (attempt.after) await this.transact(client, attempt.after, 'select count(*) from app.notes');
    if (attempt.elsewhere) await this.other(attempt.elsewhere);
    const before = await this.untouched(client, attempt.as);

    const heard = listen(client);
    const statements = [attempt.run(this.world)].flat();
    let rows: Outcome['rows'] = [];
    let count = 0;
    let code: string | undefined;
    let after = before;
    try {
      await client.query(['begin', ...who.setUp(this.world)].join(';'));
      for (const statement of statements) {
        const result = last(await client.query<Row>(statement));
        rows = result.rows;
        count = result.rowCount ?? rows.length;
      }
      if (attempt.meanwhile) {
        await client.query('commit');
        await this.other(attempt.meanwhile);
        await client.query('select');
      } else {
        after = await this.fingerprint(client, attempt.as, before);
      }
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      code = error.code;
      rows = [];
      count = 0;
      heard.push([error.message, error.detail, error.hint, error.where].join(' '));
    }
    await client.query('rollback; deallocate all; unlisten *');
    heard.stop();
    return {
      code,
      rows,
      count,
      text: `${JSON.stringify(rows)} ${heard.text()}`,
      sent: statements.join('\n'),
      changed: after !== before,
    };
  }

  /** Closes the connections, so that the database can be dropped. */
  async close(): Promise<void> {
    for (const client of this.clients.values()) await (await client).end();
    this.clients.clear();
  }

  private client(login: string, use: string): Promise<Client> {
    const key = `${use} ${login}`;
    const client = this.clients.get(key) ?? this.server.connect(login, this.database);
    this.clients.set(key, client);
    return client;
  }

  private async other({ as, run }: Other): Promise<void> {
    await this.transact(await this.client(actor(as).login, 'other'), as, run(this.world));
  }

  private async transact(client: Client, name: ActorName, statement: string): Promise<void> {
    await client.query(['begin', ...actor(name).setUp(this.world), statement, 'commit'].join(';'));
    this.hashes.clear();
  }

  /** Attempts are rolled back, so what one finds is what the next one finds. */
  private async untouched(client: Client, name: ActorName): Promise<string> {
    const key = actor(name).person ?? '';
    const hash = this.hashes.get(key) ?? (await this.fingerprint(client, name, null));
    this.hashes.set(key, hash);
    return hash;
  }

  /** A hash of every row that is not the actor's, seen from inside its transaction by a superuser's function. */
  private async fingerprint(
    client: Client,
    name: ActorName,
    before: string | null,
  ): Promise<string> {
    const { person: handle } = actor(name);
    const person = handle && this.world[handle];
    const member = person?.role === 'member' ? person.id : null;
    const { rows } = await client.query<{ hash: string }>(
      'select oracle.everything_but($1, $2, $3) as hash',
      [person?.tenant ?? '00000000-0000-0000-0000-000000000000', member, before],
    );
    return rows[0]?.hash ?? '';
  }
}

/** Collects what reaches a client besides the rows of its queries. */
function listen(client: Client): { push(text: string): void; text(): string; stop(): void } {
  const texts: string[] = [];
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  const onNotice = (notice: { message?: string }): void => void texts.push(notice.message ?? '');
  const onNotification = (message: { channel: string; payload?: string }): void =>
    void texts.push(`${message.channel} ${message.payload ?? ''}`);
  const onCopy = (message: { chunk: Buffer }): void => void texts.push(message.chunk.toString());
  client.on('notice', onNotice);
  client.on('notification', onNotification);
  connection.on('copyData', onCopy);
  return {
    push: (text) => void texts.push(text),
    text: () => texts.join('\n'),
    stop() {
      client.off('notice', onNotice);
      client.off('notification', onNotification);
      connection.off('copyData', onCopy);
    },
  };
}

function last<T>(results: T | T[]): T {
  return Array.isArray(results) ? (results.at(-1) as T) : results;
}
