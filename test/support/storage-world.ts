import type { Rules } from '../../components/services/images/storage/rules';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { readWorld, type World } from '../sql/support/world';
import { startGarage, startStorage, tokenFor, type Garage, type Running } from './storage';
import { StorageClient } from './storage-client';

/** A deployed database, the object store and the service, and its users as callers. */
export class StorageWorld {
  service!: Running;

  private constructor(
    readonly postgres: Server,
    readonly store: Garage,
    readonly world: World,
  ) {}

  static async start(name: string, changed: Partial<Rules> = {}): Promise<StorageWorld> {
    const postgres = await startServer();
    await deploy(postgres, 'storage');
    const admin = await postgres.connect('postgres', 'storage');
    const made = new StorageWorld(postgres, await startGarage(name), await readWorld(admin));
    await made.restart(changed);
    return made;
  }

  /** Starts the service, again if need be. */
  async restart(changed: Partial<Rules> = {}): Promise<void> {
    const url = this.postgres.url('strata_authenticator', 'storage');
    this.service = await startStorage(this.store, url, changed);
  }

  async as(
    person: 'ann' | 'bob' | 'gus' | 'hal',
    scopes?: readonly string[],
  ): Promise<StorageClient> {
    const { id: userId, tenant: tenantId, role } = this.world[person];
    return new StorageClient(
      this.service.url,
      await tokenFor({ tenantId, userId, role: `tenant_${role}`, ...(scopes && { scopes }) }),
    );
  }

  /** Rows of a query, as a superuser sees them. */
  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const admin = await this.postgres.connect('postgres', 'storage');
    const { rows } = await admin.query<Record<string, unknown>>(sql, values);
    await admin.end();
    return rows;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.store.remove();
    await this.postgres.stop();
  }
}
