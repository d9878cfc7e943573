import type { Settings } from '../../settings/schema';
import { image } from '../images';
import type { Workload } from '../service';

const port = 5001;
const metricsPort = 8081;

/** Where the storage API asks for smaller images. */
export const imgproxyAddress = `http://imgproxy:${port}`;

/**
 * imgproxy: makes images of Supabase's storage smaller. It answers whoever asks, without a signature, as upstream's own
 * Compose file has it: so nothing routes to it, and the storage API alone asks, with links that the object store checks.
 * Costs up to 512 MB while it works.
 *
 * Facts (read 2026-11-22): variables and `imgproxy health` in docker/docker-compose.yml of supabase/supabase at 1f37f2a9;
 * its own docs at 06b6143a for the local file system, which is off where no root is named; uid 999. Figures on a port of
 * their own, at any path, with a prefix: docs.imgproxy.net/prometheus of 3.30.
 */
export function imgproxy(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: 'imgproxy',
    image: image(settings, 'imgproxy'),
    environment: {
      IMGPROXY_BIND: `:${port}`,
      IMGPROXY_USE_ETAG: 'true',
      IMGPROXY_AUTO_WEBP: 'true',
      // Millions of pixels: a small file can be a huge image.
      IMGPROXY_MAX_SRC_RESOLUTION: '16.8',
      IMGPROXY_PROMETHEUS_BIND: `:${metricsPort}`,
      IMGPROXY_PROMETHEUS_NAMESPACE: 'imgproxy',
    },
    secrets: {},
    files: {},
    scratch: ['/tmp'],
    user: '999:999',
    resources: { memory: '512M' },
    needs: [],
    port,
    healthCommand: ['imgproxy', 'health'],
    metrics: { port: metricsPort, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
  };
}
