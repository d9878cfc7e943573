import type { Settings } from '../../settings/schema';
import { bytesOf } from '../../settings/sizes';
import { storeJob } from '../database/place';
import { publicUrl } from '../gateway/hosts';
import { image } from '../images';
import { isOn } from '../presets';
import type { Route } from '../route';
import type { FileContent, Job, SecretSource, Service, Workload } from '../service';
import { garage, objectStore } from '../storage/garage';
import { bucketFor } from '../storage/store';
import { vendorRole } from '../vendors';
import { imgproxyAddress } from './imgproxy';
import { startWith } from './shell';

const name = 'supabase-storage';
const port = 5000;
const adminPort = 5001;
const uploadSeconds = 3600;

/** The bucket of every tenant's files; a tenant's own are rows of `storage.buckets`. */
const storageBucket = 'strata-supabase';

/** Supabase's storage with its bucket, the fence around its tables, and the object store where that is our own. */
export function supabaseStorage(settings: Settings): Service[] {
  const own = bucketFor('storage', settings) === undefined;
  return [
    ...(own ? [garage(settings), bucketJob()] : []),
    storageApi(settings, own ? [objectStore.name, bucketJobName] : []),
    policiesJob(),
  ];
}

/**
 * Supabase's Storage API at `/storage/` (and `/storage/v1/`, as its clients ask): files of tenants in one bucket of the
 * object store, their rows in a database of its own.
 *
 * A request acts as `strata_tenant` with the token's claims; the policies of `supabase-storage-policies` let a tenant
 * into buckets whose id begins with the tenant's. Its own work it does as the tables' owner, so there is no role that
 * passes row level security by. Signed links need no token at the gateway: they are their own. What stands in a public
 * bucket is at cdn.<domain>/<bucket>/<file> too, and a bucket is called after its tenant's id.
 * Costs about 200 MB each replica.
 *
 * Facts (read 2026-11-22; github.com/supabase/storage):
 * - variables, no `*_FILE`, roles by `DB_*_ROLE`, no roles made with `DB_INSTALL_ROLES` other than `true`, and a service
 *   key that it signs itself: src/config.ts (stored 2026, id 65782241251);
 * - roles in migrations come from those settings: migrations/tenant/0002, 0038, 0042 (at 0b2408b0, f61c34f8, ca013aa2);
 * - `node dist/start/server.js` in /app behind `docker-entrypoint.sh`, uid 0: package.json at 00928898, Dockerfile at
 *   04df1553 (no USER; a run as anybody else is not said), here without any capability;
 * - `/object/public/<bucket>/<file>` asks for no token and looks for the bucket among public ones alone; a method besides
 *   GET is another route, whose token the service verifies: src/http/routes/object/getPublicObject.ts at 2e10538a;
 * - `/status`, administration at 5001: docker/docker-compose.yml and CONFIG.md of supabase/supabase at 1f37f2a9, 8fff2b40.
 */
function storageApi(settings: Settings, needs: readonly string[]): Workload {
  const images = isOn('imgproxy', settings);
  const { environment, secrets: keys, files } = store(settings);
  const secrets = { ...keys, ...ownSecrets };
  return {
    kind: 'workload',
    name,
    image: image(settings, 'supabase-storage'),
    entrypoint: ['/bin/sh', '-c'],
    command: startWith('docker-entrypoint.sh node dist/start/server.js', { secrets, files }),
    environment: {
      NODE_ENV: 'production',
      SERVER_PORT: String(port),
      SERVER_ADMIN_PORT: String(adminPort),
      EXPOSE_DOCS: 'false',
      TENANT_ID: 'strata',
      DB_INSTALL_ROLES: 'false',
      DB_ANON_ROLE: 'strata_anon',
      DB_AUTHENTICATED_ROLE: 'strata_tenant',
      DB_SERVICE_ROLE: vendorRole(name),
      DB_SUPER_USER: vendorRole(name),
      DATABASE_MAX_CONNECTIONS: '10',
      ...environment,
      UPLOAD_FILE_SIZE_LIMIT: String(bytesOf(settings.storage.maxFileSize)),
      STORAGE_PUBLIC_URL: `${publicUrl(settings)}/storage/v1`,
      // Clients of S3 itself have no token of a tenant.
      S3_PROTOCOL_ENABLED: 'false',
      IMAGE_TRANSFORMATION_ENABLED: String(images),
      ...(images && { IMGPROXY_URL: imgproxyAddress }),
      PROMETHEUS_METRICS_ENABLED: 'true',
      LOG_LEVEL: 'warn',
    },
    secrets,
    files,
    scratch: ['/tmp'],
    user: '0:0',
    resources: { memory: '512M' },
    needs: ['database', ...needs, ...(images ? ['imgproxy'] : [])],
    port,
    health: '/status',
    metrics: { port: adminPort, path: '/metrics' },
    readsSchema: false,
    routes: routes(settings),
    replicas: 1,
    stopGraceSeconds: 60,
  };
}

const ownSecrets: Readonly<Record<string, SecretSource>> = {
  DATABASE_URL: { vendor: name },
  AUTH_JWT_SECRET: { platform: 'jwt-key' },
  ANON_KEY: { anonKey: true },
};

function routes({ storage: { maxFileSize } }: Settings): Readonly<Record<string, Route>> {
  const common = { maxBody: maxFileSize, timeoutSeconds: uploadSeconds, ofUsers: true } as const;
  const open = (path: string): Route => ({
    path: `/storage/${path}`,
    upstreamPath: `/${path}`,
    access: 'public',
    ...common,
  });
  return {
    storage: { path: '/storage/', upstreamPath: '/', access: 'token', ...common },
    // What stands in the query is the proof; who makes such a link shows a token, which the service verifies itself.
    'storage-signed': open('object/sign/'),
    'storage-signed-upload': open('object/upload/sign/'),
    'storage-signed-image': open('render/image/sign/'),
    // The service shows files of public buckets here, and no other.
    'storage-public': { ...open('object/public/'), maxBody: '1K' },
    cdn: {
      path: '/',
      subdomain: 'cdn',
      access: 'public',
      upstreamPath: '/object/public/',
      cacheSeconds: 300,
      withoutQuery: true,
      maxBody: '1K',
      ofUsers: true,
    },
  };
}

/** The object store: the platform's own, with a bucket and a key of its own, or a bucket that is there. */
function store(settings: Settings): {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
  readonly files: Readonly<Record<string, FileContent>>;
} {
  const made = bucketFor('storage', settings);
  const { region, pathStyle, endpoint } = made ?? ownStore;
  const bucket = made?.bucket ?? storageBucket;
  return {
    environment: {
      STORAGE_BACKEND: 's3',
      ...(typeof bucket === 'string' && { STORAGE_S3_BUCKET: bucket }),
      STORAGE_S3_REGION: region,
      STORAGE_S3_FORCE_PATH_STYLE: String(pathStyle),
      // Stores besides Amazon's do not know the newer sums.
      STORAGE_S3_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
      ...(endpoint !== undefined && { STORAGE_S3_ENDPOINT: endpoint }),
    },
    secrets: {
      ...(typeof bucket !== 'string' && { STORAGE_S3_BUCKET: bucket }),
      ...(made && { AWS_ACCESS_KEY_ID: made.keyId }),
      AWS_SECRET_ACCESS_KEY: made?.key ?? ownKey,
    },
    files: made
      ? {}
      : {
          AWS_ACCESS_KEY_ID: {
            template: `${objectStore.keyPrefix}{{ID}}`,
            secrets: { ID: ownKeyId },
          },
        },
  };
}

const ownStore = {
  endpoint: `http://${objectStore.name}:${objectStore.s3Port}`,
  region: objectStore.region,
  pathStyle: true,
};

const ownKeyId = { platform: 'supabase-storage-key-id' } as const;
const ownKey = { platform: 'supabase-storage-key' } as const;

const bucketJobName = 'supabase-storage-bucket';

function bucketJob(): Job {
  return storeJob(bucketJobName, storageBucket, ownKeyId, ownKey);
}

/**
 * The fence around the tables of Supabase's storage: they are the service's own, made when it starts, so the policies
 * come after it. Until they are there nobody sees a row. Costs one Node process for a moment.
 */
function policiesJob(): Job {
  return {
    kind: 'job',
    name: 'supabase-storage-policies',
    program: { entries: { 'apply.cjs': 'components/services/images/supabase-storage/apply.ts' } },
    command: ['node', '{program}/apply.cjs'],
    environment: {},
    secrets: { DATABASE_URL: { vendor: name } },
    files: {},
    user: '1000:1000',
    resources: { memory: '128M' },
    needs: ['database', name],
    timeoutSeconds: 60,
  };
}
