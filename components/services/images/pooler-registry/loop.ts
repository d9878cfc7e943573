import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { tenantVerifier } from '../../../tenancy/verifier';
import {
  poolsOf,
  renderPools,
  renderUsers,
  type PooledLogin,
  type PoolLimits,
  type Pools,
} from '../../database/pooler-tenants';
import { log } from '../shared/log';
import { leaveOldAddress } from './address';
import { RefusedError, reload } from './console';
import { included, install, installAgain, tidy, usersName } from './files';
import { readRegistry } from './registry';

export interface PoolerRegistryOptions {
  /** Connection URL of strata_pooler that passes the pooler by: LISTEN belongs to a session. */
  readonly databaseUrl: string;
  /** The pooler's console: host, port, user, password, TLS. */
  readonly console: ClientConfig;
  /** What the pooler includes lies there. */
  readonly folder: string;
  /** The lines of the pooler's `auth_file` for the platform's own logins. */
  readonly users: string;
  /** What the passwords of tenants' logins are derived from. */
  readonly master: string;
  readonly limits: PoolLimits;
  /** The registry is read so often without being told that it changed. */
  readonly pollMs: number;
}

/** What was laid down and is not served yet is tried again after so long. */
const retryMs = 1000;

/** After so many rounds without the registry, what is served may be old. */
const staleRounds = 3;

/**
 * Keeps the pooler's databases and logins as the registry says, until it is stopped.
 *
 * It reads the registry when told that it changed (NOTIFY strata_tenants) and every `pollMs`, lays files down and makes
 * the pooler read them. What the pooler does not take is put back and logged, and tried again with the next round. While the registry does not answer, everything stays as it is. A pooler that looks for the database at an address that it
 * had before is ended in each round. Costs one connection to Postgres, and about 2 ms for each new login.
 */
export class PoolerRegistry {
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;
  private due = true;
  private wake: () => void = () => undefined;
  private verifiers = new Map<string, string>();
  private served: string | undefined;
  private told = '';
  private readAt = performance.now();

  constructor(private readonly options: PoolerRegistryOptions) {}

  /** Lays down a configuration without tenants where there is none, so that the pooler can start, and begins. */
  async start(): Promise<void> {
    if ((await included(this.options.folder)) === undefined) {
      await this.layDown({ databases: [], logins: [], problems: [] });
    }
    this.running = this.run();
  }

  /** Why what the pooler serves may be old; `undefined` when it is as the registry says. */
  problem(): string | undefined {
    const silent = performance.now() - this.readAt;
    if (silent < staleRounds * this.options.pollMs) return undefined;
    return `the registry was last read ${Math.round(silent / 1000)} s ago`;
  }

  /** Ends after the round that is under way. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.notice();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isStopped()) {
      try {
        await this.session();
      } catch (error) {
        if (this.isStopped()) return;
        log('warn', 'the registry does not answer: pools stay as they are', described(error));
        await sleep(retryMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      }
    }
  }

  /** Ends by an error when the connection does. */
  private async session(): Promise<void> {
    const { databaseUrl, pollMs } = this.options;
    const client = new Client({
      connectionString: databaseUrl,
      application_name: 'pooler-registry',
      connectionTimeoutMillis: 10_000,
      query_timeout: 30_000,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('notification', () => {
      this.notice();
    });
    client.once('end', () => {
      this.notice();
    });
    try {
      await client.connect();
      await client.query('listen strata_tenants');
      while (!this.isStopped()) {
        this.due = false;
        await this.followDatabase();
        const settled = await this.bring(poolsOf(await readRegistry(client), this.options.limits));
        this.readAt = performance.now();
        await this.untilDue(settled ? pollMs : Math.min(retryMs, pollMs));
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Whether nothing is left to do until the next round. */
  private async bring(pools: Pools): Promise<boolean> {
    this.tell(pools.problems);
    const before = await included(this.options.folder);
    const { configuration, users } = await this.render(pools);
    if (configuration !== before) await install(this.options.folder, configuration, users);
    if (configuration === this.served) return true;
    try {
      await reload(this.options.console, pools.databases);
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        log('info', 'the pooler does not answer: it is asked again', described(error));
        return false;
      }
      log('error', 'the pooler refused what the registry says: it keeps what it had', {
        ...described(error),
      });
      if (before !== undefined) await this.putBack(before);
      return true;
    }
    this.served = configuration;
    await tidy(this.options.folder, configuration);
    log('info', 'the pooler serves what the registry says', {
      databases: pools.databases.length,
      logins: pools.logins.length,
    });
    return true;
  }

  private async followDatabase(): Promise<void> {
    const { console, limits } = this.options;
    await leaveOldAddress(console, limits.main.host).catch((error: unknown) => {
      log('info', 'where the pooler looks for the database is not known', described(error));
    });
  }

  private async putBack(configuration: string): Promise<void> {
    await installAgain(this.options.folder, configuration);
    await reload(this.options.console).catch((error: unknown) => {
      log('warn', 'the pooler did not read its old files again', described(error));
    });
  }

  private async layDown(pools: Pools): Promise<void> {
    const { configuration, users } = await this.render(pools);
    await install(this.options.folder, configuration, users);
  }

  private async render(pools: Pools): Promise<{ configuration: string; users: string }> {
    const { folder, users: platform } = this.options;
    const verifiers = await this.verifiersOf(pools.logins);
    const users = renderUsers(platform, pools.logins, (login) => verifiers.get(keyOf(login)) ?? '');
    const configuration = renderPools(pools, path.posix.join(folder, usersName(users)));
    return { configuration, users };
  }

  /** Each is computed once, and forgotten with its login. */
  private async verifiersOf(logins: readonly PooledLogin[]): Promise<ReadonlyMap<string, string>> {
    const known = this.verifiers;
    this.verifiers = new Map();
    for (const login of logins) {
      const { tenantId, generation } = login;
      let verifier = known.get(keyOf(login));
      if (verifier === undefined) {
        verifier = tenantVerifier(this.options.master, tenantId, generation);
        // Thousands of them at a start would leave health checks without an answer.
        await breathe();
      }
      this.verifiers.set(keyOf(login), verifier);
    }
    return this.verifiers;
  }

  /** Once, and not at each round. */
  private tell(problems: readonly string[]): void {
    const text = problems.join('\n');
    if (text === this.told) return;
    this.told = text;
    for (const problem of problems) log('warn', problem);
  }

  private notice(): void {
    this.due = true;
    this.wake();
  }

  private async untilDue(milliseconds: number): Promise<void> {
    if (this.due || this.isStopped()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }

  private isStopped(): boolean {
    return this.stopped.signal.aborted;
  }
}

function keyOf({ tenantId, generation }: PooledLogin): string {
  return `${tenantId} ${generation}`;
}

/** Neither of them names a secret: addresses, and what Postgres or the pooler answered. */
function described(error: unknown): { readonly reason: string } {
  return { reason: (error as Error).message };
}
