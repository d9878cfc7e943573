import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { vi } from 'vitest';
import { placeOf, tenantRole } from '../../../components/tenancy/places';
import type { Followed } from '../../support/follow';
import { Pooler } from './pooler';
import { Shard } from './pooler-shard';

export const patience = { timeout: 20_000, interval: 100 };

/** Two clusters, a pooler before them, and the program that drives it. */
export class Scene {
  private constructor(
    readonly main: Shard,
    readonly east: Shard,
    readonly pooler: Pooler,
    readonly registry: Followed,
  ) {}

  static async start(): Promise<Scene> {
    const [main, east] = await Promise.all([Shard.start(), Shard.start()]);
    const pooler = await Pooler.create(main);
    await main.admin.query('insert into registry.shards values ($1, $2, $3)', [
      'east-1',
      '127.0.0.1',
      east.port,
    ]);
    const registry = await pooler.startRegistry();
    // What the pooler needs to start is there before that.
    await registry.line(/the pooler does not answer/);
    await pooler.startPgbouncer();
    return new Scene(main, east, pooler, registry);
  }

  /** A tenant with its database on a shard, entered into the registry. */
  async add(shard = 'main', size: number | null = null): Promise<string> {
    const id = randomUUID();
    await (shard === 'east-1' ? this.east : this.main).makeTenant(id);
    await this.main.admin.query(
      `insert into registry.tenants (id, slug, name, model, shard, max_connections)
       values ($1, $2, $2, 'database', $3, $4)`,
      [id, `t${id.slice(0, 8)}`, shard, size],
    );
    return id;
  }

  /** The same, and it is served. */
  async addServed(shard = 'main', size: number | null = null): Promise<string> {
    const id = await this.add(shard, size);
    await this.reachable(id);
    return id;
  }

  async change(id: string, what: string): Promise<void> {
    await this.main.admin.query(`update registry.tenants set ${what} where id = $1`, [id]);
  }

  async reachable(id: string, generation = 1): Promise<void> {
    await vi.waitFor(() => served(this.pooler.connectTenant(id, { generation })), patience);
  }

  /** What the pooler's list of users has of a tenant's login. */
  verifierInFiles(id: string): string {
    const { registry } = this.pooler;
    const [list = ''] = readdirSync(registry).filter((name) => name.startsWith('users-'));
    const text = readFileSync(path.join(registry, list), 'utf8');
    return new RegExp(`"${tenantRole(id)}" "([^"]+)"`).exec(text)?.[1] ?? '';
  }

  async stop(): Promise<void> {
    await this.pooler.stop();
    await Promise.all([this.main.stop(), this.east.stop()]);
  }
}

export function databaseOf(id: string): string {
  return placeOf(id, 'database').database;
}

/** A client gets an answer: the pooler itself lets in before it asks Postgres. */
export async function served(connecting: Promise<Client>): Promise<void> {
  const client = await connecting;
  await client.query('select 1');
  await client.end();
}

/** Who and where a transaction is; its id changes with the transaction. */
export async function state(client: Client): Promise<unknown> {
  const { rows } = await client.query(
    `select session_user as role, current_database() as database, pg_current_xact_id()::text as transaction,
       pg_backend_pid() as backend`,
  );
  return rows[0];
}
