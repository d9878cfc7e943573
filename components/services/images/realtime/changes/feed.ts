import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { log } from '../../shared/log';
import type { Change } from './change';

interface Options {
  /** Of `strata_realtime`, past the pooler: LISTEN belongs to a session. */
  readonly directUrl: string;
  readonly log: typeof log;
  /** Told in the order in which each row changed; never with an empty list. */
  readonly onChanges: (changes: readonly Change[]) => void;
  /** Told when changes may have been missed: of this tenant, or of all. */
  readonly onGap: (tenantId?: string) => void;
}

interface Row {
  readonly present: string;
  readonly tenant_id: string | null;
  readonly relation: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'gap' | null;
  readonly key: Change['key'];
  readonly owner: string | null;
  readonly at: Date;
}

/** An answer that takes longer does not come. */
const answerMs = 30_000;

const retryMs = 1_000;

/** Nobody notifies of nothing, and what was seen must not grow old. */
const lookMs = 15_000;

/** Of one tenant at once; whoever changes more is better read anew. */
const mostOfTenant = 1_000;

const sweepMs = 60_000;

/** How long a feed may be away without missing anything. */
const keep = '10 minutes';

/**
 * Hears of all changes of rows in the platform's database, each exactly once as long as it is not away for ten minutes:
 * it remembers which transactions it has seen, and asks for the others when Postgres notifies it, and every 15 seconds.
 *
 * It connects again whenever its connection ends, and goes on where it was. Deletes old changes, as each feed does. Costs
 * one connection.
 */
export class ChangeFeed {
  /** A snapshot of Postgres: whatever is over in it has been told. */
  private seen: string | undefined;
  private client: Client | undefined;
  private hears = false;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: Options) {}

  /** Begins, and begins again until `stop`. What changed before is not told. */
  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.client?.end().catch(() => undefined);
    await this.running;
  }

  /** Whether changes are told as they happen; otherwise they are told later, or a gap is. */
  get listening(): boolean {
    return this.hears;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.listen().catch((error: unknown) => {
        this.warn('changes of rows are not heard of now', error);
      });
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Throws when the connection ends before `stop`. */
  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.options.directUrl,
      connectionTimeoutMillis: 5_000,
      application_name: 'realtime-changes',
      query_timeout: answerMs,
      statement_timeout: answerMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.client = client;
    const bell = new Bell();
    const ring = (): void => {
      bell.ring();
    };
    // Of a connection that has ended the next look tells.
    client.on('error', ring).on('end', ring).on('notification', ring);
    const timers = [
      setInterval(ring, lookMs),
      setInterval(() => {
        void this.sweep(client);
      }, sweepMs),
    ];
    try {
      await client.connect();
      await client.query('listen strata_realtime');
      // From here on nothing is missed, so what is over now is the beginning.
      this.seen ??= await present(client);
      while (!this.stopping.signal.aborted) {
        await this.look(client);
        this.hears = true;
        await bell.rung();
      }
    } finally {
      this.hears = false;
      timers.forEach(clearInterval);
      await client.end().catch(() => undefined);
    }
  }

  private async look(client: Client): Promise<void> {
    const { rows } = await client.query<Row>('select * from realtime.since($1, $2)', [
      this.seen,
      mostOfTenant,
    ]);
    this.seen = rows[0]?.present;
    const changes = rows.flatMap(changeOf);
    if (changes.length > 0) this.options.onChanges(changes);
    for (const { operation, tenant_id: tenantId } of rows) {
      if (operation === 'gap') this.options.onGap(tenantId ?? undefined);
    }
  }

  /** A call deletes so many and no more, so that looking does not wait for long. */
  private async sweep(client: Client): Promise<void> {
    try {
      let gone: string | undefined;
      do {
        const { rows } = await client.query<{ gone: string }>('select realtime.sweep($1) as gone', [
          keep,
        ]);
        gone = rows[0]?.gone;
      } while (gone !== '0');
    } catch (error) {
      this.warn('old changes of rows are not deleted now', error);
    }
  }

  private warn(message: string, error: unknown): void {
    if (this.stopping.signal.aborted) return;
    const { message: reason, code } = error as { message?: unknown; code?: unknown };
    this.options.log('warn', message, { reason, code });
  }
}

/** However often it is rung before somebody waits for it, it is rung once. */
class Bell {
  private readonly sound = new EventEmitter();
  private rang = false;

  ring(): void {
    this.rang = true;
    this.sound.emit('ring');
  }

  async rung(): Promise<void> {
    if (!this.rang) await once(this.sound, 'ring');
    this.rang = false;
  }
}

async function present(client: Client): Promise<string> {
  const { rows } = await client.query<{ present: string }>(
    'select realtime.snapshot()::text as present',
  );
  return rows[0]?.present ?? '';
}

function changeOf({ tenant_id, relation, operation, key, owner, at }: Row): Change[] {
  if (tenant_id === null || operation === null || operation === 'gap') return [];
  return [
    {
      tenantId: tenant_id,
      table: relation,
      operation: operation.toUpperCase() as Change['operation'],
      key,
      ...(owner !== null && { owner }),
      at: at.toISOString(),
    },
  ];
}
