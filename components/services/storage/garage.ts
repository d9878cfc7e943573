import type { ImageSettings } from '../../settings/images';
import type { Settings } from '../../settings/schema';
import { image } from '../images';
import { file } from '../paths';
import { type Workload } from '../service';

/** Host name and ports inside the platform; nothing publishes them. */
export const objectStore = {
  name: 'object-store',
  s3Port: 3900,
  adminPort: 3903,
  region: 'garage',
  /** What the id of every key begins with. */
  keyPrefix: 'GK',
} as const;

const data = '/data';

/**
 * The object store: Garage on one node, S3 at 3900 and its administration at 3903.
 *
 * `--single-node` makes the layout at the first start and leaves it alone afterwards, so no job has to (Garage 2.3 or
 * newer; `garage server --help` of 2.5.0, 2026-11-21). It runs as any user without a capability on a read-only root,
 * tried with 2.5.0; the image has no shell, so its health is asked over the network. Its figures need no token: only
 * the platform's own network reaches the port. Costs about 25 MB of memory when it starts.
 */
export function garage(settings: Settings & { readonly images?: ImageSettings }): Workload {
  return {
    kind: 'workload',
    name: objectStore.name,
    image: image(settings, 'garage'),
    command: ['/garage', '-c', file('garage.toml'), 'server', '--single-node'],
    // Lines for a collector, not for a terminal.
    environment: { NO_COLOR: '1', RUST_LOG: 'garage=info' },
    secrets: {
      GARAGE_RPC_SECRET: { platform: 'storage-rpc' },
      GARAGE_ADMIN_TOKEN: { platform: 'storage-admin' },
    },
    files: { 'garage.toml': configuration() },
    volumes: { [data]: 'storage' },
    user: '1000:1000',
    resources: { memory: '1G' },
    needs: [],
    // The port whose health path says whether the whole node works.
    port: objectStore.adminPort,
    expose: [objectStore.s3Port],
    health: '/health',
    metrics: { port: objectStore.adminPort, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/**
 * Garage's own file. Options: doc/book/reference-manual/configuration.md of its repository (2.x, read 2026-11-21).
 * Both kinds of data are flushed to the disk before an upload is acknowledged: there is one copy only.
 */
function configuration(): string {
  return `replication_factor = 1
metadata_dir = "${data}/meta"
data_dir = "${data}/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
metadata_auto_snapshot_interval = "6h"
rpc_bind_addr = "127.0.0.1:3901"
rpc_public_addr = "127.0.0.1:3901"

[s3_api]
api_bind_addr = "0.0.0.0:${objectStore.s3Port}"
s3_region = "${objectStore.region}"

[admin]
api_bind_addr = "0.0.0.0:${objectStore.adminPort}"
metrics_require_token = false
`;
}
