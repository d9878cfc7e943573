import { makeBucket, type GarageAdmin } from '../shared/garage-admin';
import { clientFactory } from './client';
import { tenantKey } from './derive';
import type { Place, Places } from './store';

interface Options extends GarageAdmin {
  readonly endpoint: string;
  readonly region: string;
  readonly master: string;
  /** What Garage itself refuses to exceed for each tenant, should the database ever count wrongly. */
  readonly quota: { readonly bytes: number; readonly objects: number };
}

/** Clients that are kept; the one that was made first goes first. */
const keptPlaces = 500;
const healthTimeoutMs = 2_000;

/**
 * Garage: each tenant has a bucket and a key that opens this bucket alone, made when the tenant first needs them and
 * derived from the master secret, so that nothing has to be remembered. Making them again changes nothing.
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
  await makeBucket(options, { alias: bucketOf(tenantId), key, quota: options.quota });
  return key;
}
