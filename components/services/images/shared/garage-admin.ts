import { z } from 'zod';

/** Where Garage is administered, and the token that lets one do it. */
export interface GarageAdmin {
  readonly adminEndpoint: string;
  readonly adminToken: string;
}

/** A key in the form that Garage imports: GK and 24 hex digits, 64 hex digits. */
interface GarageKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Bucket {
  /** By which it is found; the key is called the same. */
  readonly alias: string;
  readonly key: GarageKey;
  /** What Garage itself refuses to exceed; nothing when not given. */
  readonly quota?: { readonly bytes: number; readonly objects: number };
}

const timeoutMs = 10_000;

const bucketInfo = z.object({ id: z.string() });

/**
 * Makes a bucket and a key that reads and writes it; making them again changes nothing. A key that is new opens nothing
 * else. Throws when Garage refuses, with what it said.
 *
 * The admin API is version 2 of Garage 2.x (its source, src/api/admin/router_v2.rs, read 2026-11-21; tried with 2.5.0).
 */
export async function makeBucket(admin: GarageAdmin, { alias, key, quota }: Bucket): Promise<void> {
  // 409: it is there already, from before or from another replica.
  await call(admin, 'ImportKey', { ...key, name: alias }, [200, 409]);
  await call(admin, 'CreateBucket', { globalAlias: alias }, [200, 409]);
  const { id } = bucketInfo.parse(await call(admin, `GetBucketInfo?globalAlias=${alias}`));
  if (quota) {
    await call(admin, `UpdateBucket?id=${id}`, {
      quotas: { maxSize: quota.bytes, maxObjects: quota.objects },
    });
  }
  await call(admin, 'AllowBucketKey', {
    bucketId: id,
    accessKeyId: key.accessKeyId,
    permissions: { read: true, write: true, owner: false },
  });
}

/** Whether there is a bucket of that name. */
export async function hasBucket(admin: GarageAdmin, alias: string): Promise<boolean> {
  return bucketInfo.safeParse(
    await call(admin, `GetBucketInfo?globalAlias=${alias}`, undefined, [200, 404]),
  ).success;
}

/**
 * Takes away an empty bucket; one that is not empty stays. Its key keeps its id, opens nothing and is called nothing any
 * more: Garage never takes back a key that was deleted (tried with 2.5.0), and the bucket may be made again.
 */
export async function removeBucket(
  admin: GarageAdmin,
  { alias, accessKeyId }: { readonly alias: string; readonly accessKeyId: string },
): Promise<void> {
  const found = bucketInfo.safeParse(
    await call(admin, `GetBucketInfo?globalAlias=${alias}`, undefined, [200, 404]),
  );
  if (found.success) await call(admin, `DeleteBucket?id=${found.data.id}`, {}, [200, 404]);
  await call(admin, `UpdateKey?id=${accessKeyId}`, { name: 'unused' }, [200, 404]);
}

/** One call of the admin API; with a body it is a POST. */
async function call(
  { adminEndpoint, adminToken }: GarageAdmin,
  path: string,
  body?: object,
  expected: readonly number[] = [200],
): Promise<unknown> {
  const response = await fetch(new URL(`/v2/${path}`, adminEndpoint), {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw new Error(`the object store does not answer at ${adminEndpoint}`, { cause: error });
  });
  const text = await response.text();
  const { status } = response;
  if (expected.includes(status)) return JSON.parse(text);
  const asked = path.split('?')[0] ?? '';
  if (status === 403) throw new Error(`the object store refuses the admin token (${asked}: 403)`);
  // Garage's messages name ids, never secrets.
  throw new Error(`the object store answered ${asked} with ${status}: ${text.slice(0, 300)}`);
}
