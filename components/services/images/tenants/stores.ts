import { Redis } from 'ioredis';
import type { Platform } from '../../../../provider/tenancy/provision';
import { bucketStore, garageBuckets } from '../../../../provider/tenancy/stores/bucket';
import { postgresStore } from '../../../../provider/tenancy/stores/postgres';
import { redisStore } from '../../../../provider/tenancy/stores/redis';
import type { TenantStore } from '../../../../provider/tenancy/stores/store';
import { readSecret } from '../shared/environment';
import { bucketFromEnvironment, oneBucket } from '../storage/bucket';
import { garage } from '../storage/garage';
import { readRules } from '../storage/rules';
import { Scanner } from '../storage/scanner';

/**
 * Everywhere where tenants keep something, as the environment says: Postgres, the object store where STORAGE_RULES says
 * which, Redis where REDIS_URL_FILE is.
 */
export function storesFromEnvironment(): {
  readonly of: (platform: Platform) => readonly TenantStore[];
  readonly end: () => void;
} {
  const others: TenantStore[] = [];
  const { STORAGE_RULES: rules, REDIS_URL_FILE: redisUrl } = process.env;
  if (rules) others.push(objectStore(rules));
  const redis = redisUrl ? new Redis(readSecret('REDIS_URL'), { lazyConnect: true }) : undefined;
  // Each command tells of it.
  redis?.on('error', () => undefined);
  if (redis) others.push(redisStore(redis));
  return {
    of: (platform) => [postgresStore(platform), ...others],
    end: () => redis?.disconnect(),
  };
}

function objectStore(text: string): TenantStore {
  const { store, limits, scanner: where } = readRules(text);
  const scanner = where && new Scanner(where);
  if (store.kind === 's3') {
    const places = oneBucket({ ...store, ...bucketFromEnvironment(store) });
    return bucketStore(places, undefined, scanner);
  }
  const master = readSecret('STORAGE_MASTER');
  const quota = { bytes: limits.tenantBytes, objects: limits.tenantFiles };
  const admin = { adminEndpoint: store.adminEndpoint, adminToken: readSecret('STORAGE_ADMIN') };
  return bucketStore(
    garage({ ...store, ...admin, master, quota }),
    garageBuckets(admin, master, quota),
    scanner,
  );
}
