import { bytesOf } from '../../settings/sizes';
import type { Settings } from '../../settings/schema';
import type { Rules } from '../images/storage/rules';
import type { SecretSource, Workload } from '../service';
import { tokens } from '../tokens';
import { publicUrl } from '../gateway/hosts';
import { objectStore } from './garage';
import { scanner } from './scanner';
import { bucketFor } from './store';

const port = 5000;
const uploadSeconds = 1800;

/**
 * Files of tenants: rows under row level security, objects in the store, at `/storage/` and, those that their owners
 * made public, at cdn.<domain>/<tenant>/<file>.
 *
 * It verifies each request's token itself. The database counts what is kept; nothing is kept here, so replicas need no
 * common memory (no Redis). Where uploads are searched for viruses it does not wait for the scanner: it shows files
 * meanwhile, and takes none. Health: `/healthz` asks the database and the store. Costs one Node process.
 */
export function storage(settings: Settings): Workload {
  const { storage: given } = settings;
  return {
    kind: 'workload',
    name: 'storage',
    program: { entries: { 'server.cjs': 'components/services/images/storage/server.ts' } },
    command: ['node', '--max-old-space-size=384', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
      STORAGE_RULES: JSON.stringify(rules(settings)),
    },
    secrets: {
      DATABASE_URL: { database: 'strata_authenticator' },
      JWT_KEY: { platform: 'jwt-key' },
      ...storeSecrets(settings),
    },
    files: {},
    user: '1000:1000',
    resources: { memory: '640M' },
    needs: ['database', ...storeNeeds(settings)],
    port,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    routes: {
      storage: {
        path: '/storage/',
        access: 'token',
        maxBody: given.maxFileSize,
        timeoutSeconds: uploadSeconds,
      },
      // What stands in the query is the proof; a log of paths does not have it.
      'storage-signed': {
        path: '/storage/signed/',
        access: 'public',
        maxBody: given.maxFileSize,
        timeoutSeconds: uploadSeconds,
      },
      cdn: {
        path: '/',
        subdomain: 'cdn',
        access: 'public',
        upstreamPath: '/cdn/',
        cacheSeconds: 300,
        withoutQuery: true,
        maxBody: '1K',
      },
    },
    replicas: 1,
    stopGraceSeconds: 60,
  };
}

/** What files there may be, and where they are: for whoever works with the store. */
export function rules(settings: Settings): Rules {
  const given = settings.storage;
  const { tenantQuota, userQuota } = given;
  return {
    publicUrl: publicUrl(settings),
    cdnUrl: publicUrl(settings, 'cdn'),
    mimeTypes: given.mimeTypes,
    limits: {
      fileBytes: bytesOf(given.maxFileSize),
      tenantBytes: bytesOf(tenantQuota.size),
      tenantFiles: tenantQuota.files,
      userBytes: bytesOf(userQuota.size),
      userFiles: userQuota.files,
    },
    uploadSeconds,
    sweepSeconds: 60,
    reconcileSeconds: 86_400,
    ...(given.scan === 'clamav' && {
      scanner: { host: scanner.name, port: scanner.port, seconds: scanner.seconds },
    }),
    store: storeRules(settings),
  };
}

function storeRules(settings: Settings): Rules['store'] {
  const made = bucketFor('storage', settings);
  if (!made) {
    return {
      kind: 'garage',
      endpoint: `http://${objectStore.name}:${objectStore.s3Port}`,
      adminEndpoint: `http://${objectStore.name}:${objectStore.adminPort}`,
      region: objectStore.region,
    };
  }
  const { endpoint, region, bucket, pathStyle } = made;
  return {
    kind: 's3',
    ...(endpoint !== undefined && { endpoint }),
    region,
    ...(typeof bucket === 'string' && { bucket }),
    pathStyle,
  };
}

const master = { STORAGE_MASTER: { platform: 'storage-master' } } as const;

/** What opens the store, and what it is called where only the target knows. */
export function storeSecrets(settings: Settings): Record<string, SecretSource> {
  const made = bucketFor('storage', settings);
  if (!made) return { ...master, STORAGE_ADMIN: { platform: 'storage-admin' } };
  return {
    ...master,
    ...(typeof made.bucket !== 'string' && { S3_BUCKET: made.bucket }),
    S3_ACCESS_KEY: made.keyId,
    S3_SECRET_KEY: made.key,
  };
}

/** Services that run the store. */
export function storeNeeds(settings: Settings): string[] {
  return bucketFor('storage', settings) ? [] : [objectStore.name];
}
