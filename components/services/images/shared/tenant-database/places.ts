import type { PoolClient } from 'pg';
import { pooledDatabase } from '../../../database/pooler-tenants';
import { tenantPassword } from '../../../../tenancy/login';
import {
  isWithRegistry,
  placeOf,
  tenantRole,
  type Model,
  type Place,
} from '../../../../tenancy/places';
import { Memory } from '../memory';
import { Refusal } from '../refusal';
import { addressOf, type Elsewhere } from './address';
import { movedState } from './again';
import { Pools } from './pools';
import { isResting, SteadyPool } from './steady-pool';

interface Options {
  /** Of the service's own login at the platform's database. */
  readonly url: string;
  /** Whether `url` leads to the pooler, which has the databases of every shard. */
  readonly pooled: boolean;
  /** What the passwords of tenants' logins are derived from. */
  readonly master: string;
  /** As which program Postgres shows the connections. */
  readonly name: string;
  /** Connections of the service's own login at the same time. */
  readonly max: number;
  /** Pools of other databases at the same time; each has up to ten connections. */
  readonly mostPools: number;
  /** How long a statement may take at most, in milliseconds. A tenant's own limit may be shorter. */
  readonly statementMs: number;
  /** Told what keeps a tenant from its database; `fields` hold no secret. */
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** The database of one tenant, as a request of that tenant uses it. */
export interface TenantDatabase {
  readonly place: Place;
  /** Connections that may serve this tenant, and where nothing is set yet. Throws `Refusal` (503). */
  readonly pool: { readonly connect: () => Promise<PoolClient> };
  /** What is set in each transaction before anything else, for its time only. */
  readonly settings: Readonly<Record<'role' | 'search_path' | 'statement_timeout', string>>;
  /** Looks at what went wrong: where Postgres says that the tenant has moved, the next request asks anew. */
  readonly noticed: (error: unknown) => void;
}

interface Row {
  readonly status: string;
  readonly model: Model;
  readonly shard: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly database: string;
  readonly schema: string;
  readonly role: string;
  readonly generation: number;
  readonly max_connections: number | null;
  readonly statement_timeout_ms: number | null;
}

const columns =
  'status, model, shard, host, port, database, schema, role, generation, max_connections, statement_timeout_ms';

/** How long an answer of the registry counts. */
const rememberedMs = 5_000;

/** A tenant is waited for while it is made. */
const missedMs = 1_000;

const mostRemembered = 10_000;

/** Connections of each pool, unless the tenant may have fewer. */
const mostConnections = 10;

/**
 * Where each tenant's rows are, by the registry, and the connections that lead there.
 *
 * Tenants that share the tables or have a schema of their own on the shard `main` are served by the service's own pool,
 * those on another shard by one pool for each shard, and a tenant with its own database by a pool of its own login. Who
 * cannot be looked up is refused: nobody is ever served from the shared tables instead. (Hasura has no part in this: it
 * serves tenants of the model shared only.)
 */
export class Places {
  private readonly own: SteadyPool;
  private readonly elsewhere: Pools;
  private readonly rows = new Memory<Row>({
    max: mostRemembered,
    ttlMs: rememberedMs,
    missTtlMs: missedMs,
  });

  constructor(private readonly options: Options) {
    this.own = new SteadyPool(options);
    this.elsewhere = new Pools(options.mostPools);
  }

  /** Throws `Refusal`: 403 where there is no such tenant or it is not active, 503 where that cannot be found out. */
  async of(tenantId: string): Promise<TenantDatabase> {
    const row = await this.row(tenantId);
    if (!row) throw new Refusal(403, 'wrong_tenant', 'there is no such tenant');
    if (row.status !== 'active') {
      throw new Refusal(403, 'tenant_suspended', 'this tenant is not active');
    }
    const place = placeOf(tenantId, row.model, row.shard);
    const { statementMs } = this.options;
    return {
      place,
      pool: { connect: () => this.connect(tenantId, place, row) },
      settings: {
        role: place.role,
        // Without being named, a session's temporary tables would come first.
        search_path: `${place.schema}, pg_temp`,
        statement_timeout: String(Math.min(row.statement_timeout_ms ?? statementMs, statementMs)),
      },
      noticed: (error) => {
        if ((error as { code?: unknown }).code === movedState) this.forget(tenantId);
      },
    };
  }

  /** The next request of a tenant asks the registry. */
  forget(tenantId: string): void {
    this.rows.forget((id) => id === tenantId);
  }

  /** Throws while the platform's database does not answer. */
  async ping(): Promise<void> {
    await this.ask('select 1', []);
  }

  /** Waits for the transactions that run. */
  async end(): Promise<void> {
    await Promise.all([this.own.end(), this.elsewhere.end()]);
  }

  private async row(tenantId: string): Promise<Row | undefined> {
    try {
      return await this.rows.ask(tenantId, async () => {
        const [row] = await this.ask<Row>(`select ${columns} from tenancy.place($1)`, [tenantId]);
        return row && ownOf(tenantId, row);
      });
    } catch (error) {
      this.warn('a tenant cannot be looked up', tenantId, error);
      throw new Refusal(
        503,
        'registry_unavailable',
        'tenants cannot be looked up now: try again later',
      );
    }
  }

  private async ask<T>(text: string, values: readonly unknown[]): Promise<T[]> {
    const client = await this.own.connect();
    try {
      const { rows } = await client.query(text, [...values]);
      return rows as T[];
    } finally {
      client.release();
    }
  }

  private async connect(tenantId: string, place: Place, row: Row): Promise<PoolClient> {
    try {
      if (isWithRegistry(place)) return await this.own.connect();
      return await this.connectElsewhere(tenantId, place, row);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (!isResting(error)) {
        // It may be somewhere else by now, or gone.
        this.forget(tenantId);
        this.warn("a tenant's database cannot be reached", tenantId, error);
      }
      throw new Refusal(
        503,
        'database_unavailable',
        'the database of this tenant cannot be reached now: try again later',
        { 'retry-after': '5' },
      );
    }
  }

  private connectElsewhere(tenantId: string, place: Place, row: Row): Promise<PoolClient> {
    const { url, master, name } = this.options;
    const { generation } = row;
    const where = this.whereIs(place, row);
    const own = place.model === 'database';
    const user = own ? tenantRole(tenantId) : undefined;
    const most = own ? row.max_connections : null;
    const max = Math.min(most ?? mostConnections, mostConnections);
    // Whatever of it changes, it is another pool: nobody stays with an old address, password or limit.
    const key = JSON.stringify([where, user, generation, max]);
    return this.elsewhere.connect(key, (freed) => {
      const login = user && { user, password: tenantPassword(master, tenantId, generation) };
      return new SteadyPool(
        { url: addressOf(url, { ...where, ...(login && { login }) }), max, name },
        freed,
      );
    });
  }

  private whereIs(
    { model, shard, database }: Place,
    { host, port }: Row,
  ): Omit<Elsewhere, 'login'> {
    if (!this.options.pooled) return { host, port, database };
    return {
      host: null,
      port: null,
      database: model === 'database' ? database : pooledDatabase(shard),
    };
  }

  private warn(message: string, tenant: string, error: unknown): void {
    const { code, message: reason } = error as { code?: unknown; message?: unknown };
    this.options.warn(message, { tenant, reason, ...(typeof code === 'string' && { code }) });
  }
}

/** Names are made of the tenant's id: a row with any other one is somebody else's, whatever put it there. */
function ownOf(tenantId: string, row: Row): Row {
  const { database, schema, role } = placeOf(tenantId, row.model, row.shard);
  if (row.database === database && row.schema === schema && row.role === role) return row;
  throw new Error('the registry names a place that is not this tenant’s');
}
