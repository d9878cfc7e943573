import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';
import { Pool, type PoolClient } from 'pg';

interface Options {
  readonly url: string;
  /** How many connections at the same time. */
  readonly max: number;
  /** As which program Postgres shows them. */
  readonly name: string;
}

/** How long a connection is waited for: until one is free, and until a new one stands. */
const connectMs = 60_000;

/** How long a connection that nobody uses stays open. */
const idleMs = 300_000;

/** After so many failures, one after the other, nobody tries for a while. */
const mostFailures = 5;
const restMs = 5_000;

/** What may be over in a moment: a restart, every slot taken, a network that lost a packet. */
const passing = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'],
  ...['08000', '08001', '08003', '08004', '08006', '53300', '57P01', '57P02', '57P03'],
]);

/**
 * Connections to one database as one login.
 *
 * To connect is tried up to three times where the trouble may pass. After five failures in a row it is not tried for
 * five seconds: whoever asks is refused at once, and the database that comes up is not stormed.
 */
export class SteadyPool {
  private readonly pool: Pool;
  private connecting = 0;
  private open = 0;
  private over: (() => void) | undefined;
  private readonly policy = wrap(
    retry(handleWhen(mayPass), {
      maxAttempts: 2,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }),
    }),
    circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(mostFailures),
      halfOpenAfter: restMs,
    }),
  );

  /** `freed` is called whenever somebody gave a connection back or got none. */
  constructor(
    { url, max, name }: Options,
    private readonly freed: () => void = () => undefined,
  ) {
    this.pool = new Pool({
      connectionString: url,
      max,
      application_name: name,
      connectionTimeoutMillis: connectMs,
      idleTimeoutMillis: idleMs,
    });
    // An idle connection that Postgres ends (a restart, say) is replaced when it is needed.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => {
      this.open += 1;
      // One that ends while somebody has it fails their next query; unheard, it would end the process.
      client.on('error', () => undefined);
    });
    this.pool.on('remove', () => {
      this.open -= 1;
      if (this.open === 0) this.over?.();
    });
    // The pool says so before it has the connection back.
    this.pool.on('release', () => {
      queueMicrotask(freed);
    });
  }

  /** A connection, which is given back by its `release`. Throws `BrokenCircuitError` while it is not tried. */
  async connect(): Promise<PoolClient> {
    this.connecting += 1;
    try {
      return await this.policy.execute(() => this.pool.connect());
    } catch (error) {
      queueMicrotask(this.freed);
      throw error;
    } finally {
      this.connecting -= 1;
    }
  }

  /** Whether nobody has a connection or waits for one. */
  get idle(): boolean {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return this.connecting === 0 && totalCount === idleCount && waitingCount === 0;
  }

  /** Lets nobody in any more; done when the last connection is closed. */
  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.over = resolve;
    });
    // The pool itself does not wait until its connections are closed.
    await this.pool.end();
    if (this.open > 0) await closed;
  }
}

/** Whether an error says that connecting is not tried now. */
export function isResting(error: unknown): boolean {
  return error instanceof BrokenCircuitError;
}

function mayPass(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && passing.has(code);
}
