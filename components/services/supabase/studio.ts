import type { Settings } from '../../settings/schema';
import { inside } from '../../targets/addresses';
import { platformDatabase } from '../../tenancy/places';
import { publicUrl } from '../gateway/hosts';
import { image } from '../images';
import type { SecretSource, Workload } from '../service';
import { metaAddress } from './meta';
import { startWith } from './shell';

const port = 3000;

/** Studio reads only the first three from files; a shell reads them all. */
const secrets: Readonly<Record<string, SecretSource>> = {
  POSTGRES_PASSWORD: { passwordOf: 'strata_auditor' },
  SUPABASE_ANON_KEY: { anonKey: true },
  // It wants one to start with. A key that passes row level security by does not exist here.
  SUPABASE_SERVICE_KEY: { anonKey: true },
  PG_META_CRYPTO_KEY: { platform: 'meta-crypto' },
};

/**
 * Supabase's Studio at `studio.<domain>`: the database for operators, as far as `strata_auditor` sees it.
 *
 * It has no login of its own, so it stands behind the operators'. It is given no key that passes row level security by:
 * its pages of users and files stay empty. Costs about 300 MB.
 *
 * Facts (read 2026-11-22; github.com/supabase/supabase): variables in docker/docker-compose.yml at 1f37f2a9 and
 * docker/CONFIG.md at 8fff2b40; the root path only (kong.yml there); `docker-entrypoint.sh node apps/studio/server.js` in
 * /app of node:22-slim and the question of health: apps/studio/Dockerfile at 07a67b38. Its uid is not said: no USER.
 */
export function studio(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: 'studio',
    image: image(settings, 'studio'),
    entrypoint: ['/bin/sh', '-c'],
    command: startWith('docker-entrypoint.sh node apps/studio/server.js', { secrets }),
    environment: {
      HOSTNAME: '0.0.0.0',
      STUDIO_PG_META_URL: metaAddress,
      POSTGRES_HOST: inside.host,
      POSTGRES_PORT: String(inside.port),
      POSTGRES_DB: platformDatabase,
      POSTGRES_USER_READ_WRITE: 'strata_auditor',
      POSTGRES_USER_READ_ONLY: 'strata_auditor',
      PGRST_DB_SCHEMAS: 'app',
      DEFAULT_ORGANIZATION_NAME: 'Strata',
      DEFAULT_PROJECT_NAME: settings.domain,
      SUPABASE_URL: publicUrl(settings),
      SUPABASE_PUBLIC_URL: publicUrl(settings),
      ENABLED_FEATURES_LOGS_ALL: 'false',
      NEXT_TELEMETRY_DISABLED: '1',
    },
    secrets,
    files: {},
    scratch: ['/tmp', '/app/apps/studio/.next/cache'],
    user: '1000:1000',
    resources: { memory: '1G' },
    needs: ['meta'],
    port,
    health: '/api/platform/profile',
    metrics: { none: 'a page for operators; upstream names no figures of it' },
    readsSchema: false,
    routes: { studio: { path: '/', subdomain: 'studio', access: 'operator' } },
    replicas: 1,
  };
}
