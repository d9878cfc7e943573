import { Redis } from 'ioredis';
import { oneBucket } from '../../../components/services/images/storage/bucket';
import type { Platform } from '../../../provider/tenancy/provision';
import { deleteTenant } from '../../../provider/tenancy/remove';
import { bucketStore } from '../../../provider/tenancy/stores/bucket';
import { postgresStore } from '../../../provider/tenancy/stores/postgres';
import { redisStore } from '../../../provider/tenancy/stores/redis';
import type { Tenant } from '../../../provider/tenancy/tenant';

/** What a deletion in a process of its own is told. */
export interface RemoveOrder {
  readonly platform: Omit<Platform, 'clusters'> & { readonly clusters: Record<string, string> };
  readonly s3: Parameters<typeof oneBucket>[0];
  readonly redis: { port: number; username: string; password: string };
  readonly tenant: Tenant;
  readonly folder: string;
  readonly token: string;
  /** The step before which the process ends as by kill -9. */
  readonly dieAt: string;
}

async function main(order: RemoveOrder): Promise<void> {
  const platform = {
    ...order.platform,
    clusters: new Map(Object.entries(order.platform.clusters)),
  };
  const redis = new Redis({ ...order.redis, maxRetriesPerRequest: null });
  const stores = [postgresStore(platform), bucketStore(oneBucket(order.s3)), redisStore(redis)];
  await deleteTenant(platform, stores, order.tenant, {
    ...order,
    onStep: (step) => {
      process.stdout.write(`${step}\n`);
      if (step === order.dieAt) process.kill(process.pid, 'SIGKILL');
    },
  });
  redis.disconnect();
}

void main(JSON.parse(process.argv.at(-1) ?? '') as RemoveOrder);
