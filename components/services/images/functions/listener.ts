import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { described, logger } from './log';

const log = logger();
const pauseMs = 1000;

/**
 * Calls `wake` when an event was committed, and after each new connection, for what came in between. Without it events
 * are found by polling, so a connection that is lost is only made anew. `url` must pass the pooler by.
 */
export class Listener {
  private client: Client | undefined;
  private stopping = false;

  constructor(
    private readonly url: string,
    private readonly wake: () => void,
  ) {}

  start(): void {
    void this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.client?.end().catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      await this.listen().catch((error: unknown) => {
        log.warn('events are found by polling until the database answers', described(error));
      });
      await sleep(pauseMs, undefined, { ref: false });
    }
  }

  /** Ends when the connection does. */
  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      application_name: 'functions-listen',
      keepAlive: true,
    });
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', () => undefined);
    client.on('notification', this.wake);
    this.client = client;
    try {
      await client.connect();
      await client.query('listen strata_outbox');
      this.wake();
      await ended;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
