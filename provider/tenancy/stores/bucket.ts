import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { prefixes } from '../../../components/tenancy/prefixes';
import { tenantKey } from '../../../components/services/images/storage/derive';
import type { Scanner } from '../../../components/services/images/storage/scanner';
import { ObjectStore, type Places } from '../../../components/services/images/storage/store';
import {
  hasBucket,
  makeBucket,
  removeBucket,
  type GarageAdmin,
} from '../../../components/services/images/shared/garage-admin';
import { UserError } from '../../../engine/errors';
import { objectFile, type Contents, type Sink } from '../export-folder';
import type { Source } from '../export-read';
import { fingerprinting } from '../rows';
import type { Tenant } from '../tenant';
import type { TenantStore } from './store';

/** Buckets that belong to one tenant each. */
export interface OwnBuckets {
  make(tenantId: string): Promise<void>;
  has(tenantId: string): Promise<boolean>;
  /** The bucket is empty. */
  remove(tenantId: string): Promise<void>;
}

/**
 * Garage's. `master` is the storage service's secret, from which the keys of tenants are derived; `quota` is what Garage
 * itself refuses to exceed.
 */
export function garageBuckets(
  admin: GarageAdmin,
  master: string,
  quota: { readonly bytes: number; readonly objects: number },
): OwnBuckets {
  const alias = (tenantId: string): string => prefixes(tenantId).bucket;
  return {
    make: (tenantId) =>
      makeBucket(admin, { alias: alias(tenantId), key: tenantKey(master, tenantId), quota }),
    has: (tenantId) => hasBucket(admin, alias(tenantId)),
    remove: (tenantId) =>
      removeBucket(admin, {
        alias: alias(tenantId),
        accessKeyId: tenantKey(master, tenantId).accessKeyId,
      }),
  };
}

/** Deletions at the same time. */
const atOnce = 16;

/**
 * Objects of tenants' files, where the storage service keeps them: `places` as it has them, and `own` where each tenant
 * has a bucket (Garage). In a bucket that all share a tenant's objects are those whose key begins with its id. With a
 * `scanner` an import is searched as an upload is.
 */
export function bucketStore(places: Places, own?: OwnBuckets, scanner?: Scanner): TenantStore {
  const objects = new ObjectStore(places);
  /** Asking Garage for a tenant's bucket makes it. */
  const isThere = async (tenantId: string): Promise<boolean> => (await own?.has(tenantId)) ?? true;
  const keys = (tenantId: string): AsyncGenerator<string, undefined> =>
    keysOf(places, tenantId, own ? '' : tenantId);

  const clear = async (tenantId: string): Promise<void> => {
    const { client, bucket } = await places.of(tenantId);
    let batch: Promise<unknown>[] = [];
    for await (const key of keys(tenantId)) {
      batch.push(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
      if (batch.length < atOnce) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
  };

  return {
    name: 'object store',
    // Not by `places`, which remembers a bucket that was taken away.
    provision: async ({ id }) => {
      await own?.make(id);
    },
    export: async ({ id }, to, { salt }) => {
      if (salt !== undefined || !(await isThere(id))) return {};
      return { objects: await exportObjects(objects, id, to) };
    },
    import: async (tenant, from) => {
      await clear(tenant.id);
      await importObjects(objects, tenant, from, scanner);
    },
    async remove({ id }) {
      if (!(await isThere(id))) return;
      await clear(id);
      await own?.remove(id);
    },
    async leftovers(tenantId) {
      if (!(await isThere(tenantId))) return [];
      const left = own ? [`bucket ${prefixes(tenantId).bucket}`] : [];
      for await (const key of keys(tenantId)) left.push(`object ${key}`);
      return left;
    },
    async erase({ id }, { privateFiles }) {
      for (const file of privateFiles) await objects.remove(id, file);
    },
  };
}

async function* keysOf(
  places: Places,
  tenantId: string,
  prefix: string,
): AsyncGenerator<string, undefined> {
  const { client, bucket } = await places.of(tenantId);
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return undefined;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function exportObjects(
  objects: ObjectStore,
  tenantId: string,
  to: Sink,
): Promise<Contents['objects']> {
  const written: Contents['objects'] = [];
  for await (const { id } of objects.list(tenantId)) {
    if (!uuid.test(id)) {
      throw new UserError(
        `the object ${tenantId}/${id} is no file of the storage service: move it elsewhere, exports name files by their ids`,
      );
    }
    const { bytes, sha256 } = await to.write(
      objectFile(id),
      await objects.get(tenantId, id, undefined),
    );
    written.push({ id, bytes, sha256 });
  }
  return written;
}

async function importObjects(
  objects: ObjectStore,
  { id }: Tenant,
  from: Source,
  scanner: Scanner | undefined,
): Promise<void> {
  for (const wanted of from.manifest.objects) {
    await scanner?.check(from.open(objectFile(wanted.id)), wanted.bytes, {
      tenant: id,
      file: wanted.id,
    });
    const { tap, result } = fingerprinting();
    const file = from.open(objectFile(wanted.id));
    file.on('error', (error) => tap.destroy(error));
    await objects.put(id, wanted.id, file.pipe(tap), wanted.bytes, new AbortController().signal);
    if (result().sha256 !== wanted.sha256) {
      throw new UserError(
        `${objectFile(wanted.id)} was changed while it was imported: import again`,
      );
    }
  }
}
