import { z } from 'zod';
import { clientFactory } from './client';
import { tenantKey } from './derive';
import type { Place, Places } from './store';

interface Options {
  readonly endpoint: string;
  readonly adminEndpoint: string;
  readonly region: string;
  readonly adminToken: string;
  readonly master: string;
  /** What Garage itself refuses to exceed for each tenant, should the database ever count wrongly. */
  readonly quota: { readonly bytes: number; readonly objects: number };
}

/** Clients that are kept; the one that was made first goes first. */
const keptPlaces = 500;
const timeoutMs = 10_000;
const healthTimeoutMs = 2_000;

const bucketInfo = z.object({ id: z.string() });

/**
 * Garage: each tenant has a bucket and a key that opens this bucket alone, made when the tenant first needs them and
 * derived from the master secret, so that nothing has to be remembered. Making them again changes nothing.
 *
 * The admin API is version 2 of Garage 2.x (its source, src/api/admin/router_v2.rs, read 2026-11-21; tried with 2.5.0).
 */
export function garage(options: Options): Places {
  const makeClient = clientFactory();
  const places = new Map<string, Promise<Place>>();

  return {
    of(tenantId) {
      const known = places.get(tenantId);
      if (known) return known;
      const place = prepare(options, tenantId).then((key) => ({
        client: makeClient({ ...options, ...key, pathStyle: true }),
        bucket: bucketOf(tenantId),
      }));
      places.set(tenantId, place);
      // The next request tries again.
      place.catch(() => places.delete(tenantId));
      const [oldest] = places.keys();
      if (places.size > keptPlaces && oldest !== undefined) places.delete(oldest);
      return place;
    },

    async check() {
      const { status } = await fetch(new URL('/health', options.adminEndpoint), {
        signal: AbortSignal.timeout(healthTimeoutMs),
      });
      if (status !== 200) throw new Error(`the object store says of its health ${status}`);
    },
  };
}

function bucketOf(tenantId: string): string {
  return `tenant-${tenantId}`;
}

async function prepare(options: Options, tenantId: string): Promise<ReturnType<typeof tenantKey>> {
  const key = tenantKey(options.master, tenantId);
  const alias = bucketOf(tenantId);
  const { quota } = options;

  // 409: it is there already, from before or from another replica.
  await call(options, 'ImportKey', { ...key, name: alias }, [200, 409]);
  await call(options, 'CreateBucket', { globalAlias: alias }, [200, 409]);
  const { id } = bucketInfo.parse(await call(options, `GetBucketInfo?globalAlias=${alias}`));
  await call(options, `UpdateBucket?id=${id}`, {
    quotas: { maxSize: quota.bytes, maxObjects: quota.objects },
  });
  await call(options, 'AllowBucketKey', {
    bucketId: id,
    accessKeyId: key.accessKeyId,
    permissions: { read: true, write: true, owner: false },
  });
  return key;
}

/** One call of the admin API; with a body it is a POST. */
async function call(
  { adminEndpoint, adminToken }: Options,
  path: string,
  body?: object,
  expected: readonly number[] = [200],
): Promise<unknown> {
  const response = await fetch(new URL(`/v2/${path}`, adminEndpoint), {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (expected.includes(response.status)) return JSON.parse(text);
  // Garage's messages name ids, never secrets.
  throw new Error(
    `the object store answered ${path.split('?')[0] ?? ''} with ${response.status}: ${text.slice(0, 300)}`,
  );
}
