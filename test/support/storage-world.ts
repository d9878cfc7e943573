import type { Rules } from '../../components/services/images/storage/rules';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { readWorld, type World } from '../sql/support/world';
import { S3Folder } from '../tenancy/support/s3';
import { rulesOf, startGarage, startStorage, tokenFor, type Garage, type Running } from './storage';
import { StorageClient } from './storage-client';

/** A deployed database, an object store and the service, and its users as callers. */
export class StorageWorld<Store = Garage> {
  service!: Running;

  private constructor(
    readonly postgres: Server,
    readonly store: Store,
    readonly world: World,
    private readonly rules: Rules['store'],
    private readonly endStore: () => Promise<void>,
  ) {}

  static async start(name: string, changed: Partial<Rules> = {}): Promise<StorageWorld> {
    const { postgres, world } = await people();
    const store = await startGarage(name);
    const made = new StorageWorld(postgres, store, world, rulesOf(store), () => store.remove());
    await made.restart(changed);
    return made;
  }

  /** The same without containers: a folder stands in for the object store. */
  static async onFolder(changed: Partial<Rules> = {}): Promise<StorageWorld<S3Folder>> {
    const { postgres, world } = await people();
    const store = await S3Folder.start();
    const { endpoint, region, bucket, pathStyle } = store.options;
    const rules = { kind: 's3', endpoint, region, bucket, pathStyle } as const;
    const made = new StorageWorld(postgres, store, world, rules, () => store.stop());
    await made.restart(changed);
    return made;
  }

  /** Starts the service, again if need be. */
  async restart(changed: Partial<Rules> = {}): Promise<void> {
    const url = this.postgres.url('strata_authenticator', 'storage');
    this.service = await startStorage(this.rules, url, changed);
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
    await this.endStore();
    await this.postgres.stop();
  }
}

async function people(): Promise<{ postgres: Server; world: World }> {
  const postgres = await startServer();
  await deploy(postgres, 'storage');
  const admin = await postgres.connect('postgres', 'storage');
  return { postgres, world: await readWorld(admin) };
}
