import type { Pool, PoolClient } from 'pg';
import { Refusal } from '../shared/refusal';
import { databaseClaims } from '../shared/token';

/** Whom a transaction acts for: a member, or the platform itself (as an admin without a user) when it sweeps. */
export interface Actor {
  readonly tenantId: string;
  readonly userId?: string;
  readonly role: 'tenant_admin' | 'tenant_member';
}

/** What may run in a transaction. */
export type Sql = Pick<PoolClient, 'query'>;

/**
 * The database as this service may see it: inside one tenant as one of its members, or as the bare login, which may run
 * five functions and read no table. Every use is one short transaction, so a pooler may stand between.
 */
export class Database {
  constructor(private readonly pool: Pool) {}

  /** Runs `work` under row level security. Throws a `Refusal` when the tenant is suspended or gone. */
  asTenant<T>(actor: Actor, work: (sql: Sql, slug: string) => Promise<T>): Promise<T> {
    return this.transaction(async (sql) => {
      await sql.query(
        "select set_config('role', 'strata_tenant', true), set_config('request.jwt.claims', $1, true)",
        [databaseClaims(actor)],
      );
      const { rows } = await sql.query<{ slug: string | null }>(
        'select storage.active_tenant_slug() as slug',
      );
      const slug = rows[0]?.slug;
      if (slug == null) {
        throw new Refusal(403, 'tenant_suspended', 'the files of this tenant cannot be reached');
      }
      return work(sql, slug);
    });
  }

  /** Runs one of the functions that the login itself may run. */
  asService<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  private async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw new Refusal(503, 'database_unavailable', `no connection: ${(error as Error).message}`);
    });
    let failed: unknown = true;
    try {
      await client.query('begin');
      await client.query("select set_config('statement_timeout', '10000', true)");
      const result = await work(client);
      await client.query('commit');
      failed = undefined;
      return result;
    } finally {
      if (failed) await client.query('rollback').catch(() => undefined);
      client.release();
    }
  }
}
