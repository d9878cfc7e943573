import type { Client } from 'pg';
import type { Model } from '../../../components/tenancy/places';
import { createTenant } from '../../../provider/tenancy/lifecycle';
import type { Platform } from '../../../provider/tenancy/provision';
import type { Registered } from '../../../provider/tenancy/registry';
import { startServer, type Server } from '../../sql/support/server';
import { deployCluster, planWith, platformOf } from './platform';

/** One cluster with the platform and nobody in it, and a superuser. */
export class OneCluster {
  private constructor(
    readonly server: Server,
    readonly platform: Platform,
    readonly admin: Client,
  ) {}

  static async start(): Promise<OneCluster> {
    const server = await startServer();
    const plan = planWith();
    await deployCluster(server, plan);
    const admin = await server.connect('postgres', 'strata');
    return new OneCluster(server, platformOf({ main: server }, plan), admin);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** An active tenant with ann as its admin. */
  make(slug: string, model: Model): Promise<Registered> {
    return createTenant(this.platform, [], {
      slug,
      name: slug,
      model,
      shard: 'main',
      members: [{ user: 'ann', role: 'admin' }],
    });
  }
}
