import { Client } from 'pg';

const retryMs = 1_000;

interface Options {
  /** A direct connection: a pooler would hand the listening session to somebody else. */
  readonly url: string;
  /** What the connection is called in `pg_stat_activity`. */
  readonly name: string;
  readonly channel: 'strata_guard' | 'strata_realtime';
  readonly onMessage: (payload: string) => void;
  /** What was said before this was not heard. */
  readonly onConnected: () => void;
  /** From now on nothing is heard. */
  readonly onLost: () => void;
  readonly onTrouble: (message: string) => void;
}

/** Listens to one channel of Postgres until it is stopped, and connects again whenever the connection ends. */
export class PostgresListener {
  private stopped = false;
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: Options) {}

  /** Begins, and begins again until `stop`. */
  start(): void {
    void this.listen()
      .catch((error: unknown) => {
        if (!this.stopped) this.options.onTrouble((error as Error).message);
      })
      .finally(() => {
        if (!this.stopped) this.timer = setTimeout(this.start.bind(this), retryMs);
      });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  /** Resolves or throws when the connection ends. */
  private async listen(): Promise<void> {
    const { url, name, channel, onMessage, onConnected, onLost } = this.options;
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      application_name: name,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.client = client;
    const ended = new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('end', resolve);
    });
    // It may end before it is waited for.
    ended.catch(() => undefined);
    client.on('notification', ({ payload }) => {
      onMessage(payload ?? '');
    });
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      onConnected();
      await ended;
    } finally {
      onLost();
      await client.end().catch(() => undefined);
    }
  }
}
