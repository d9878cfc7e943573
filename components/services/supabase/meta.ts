import type { Settings } from '../../settings/schema';
import { inside } from '../../targets/addresses';
import { platformDatabase } from '../../tenancy/places';
import { image } from '../images';
import type { Workload } from '../service';

const port = 8080;

/** Where Studio asks about the database. */
export const metaAddress = `http://meta:${port}`;

/**
 * Supabase's postgres-meta at `/pg/`: the database's tables, roles and policies for operators, and SQL of theirs.
 *
 * It runs whatever it is asked to, so it comes as `strata_auditor`, which reads the catalogue and the audit log and no
 * row of a tenant, and only operators get to it. Costs about 100 MB.
 *
 * Facts (read 2026-11-22; github.com/supabase/postgres-meta): variables and `*_FILE` of the password and of CRYPTO_KEY in
 * src/server/constants.ts (id 3220390528) and src/lib/secrets.ts at 45f82b5e, which cuts nothing off; `/health`, and
 * another server at the next port: src/server/server.ts at 03aa46dc, which has `/metrics` (of the process; requests are
 * not counted): src/server/admin-app.ts at 2b0dffe2. Its uid is not said.
 */
export function meta(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: 'meta',
    image: image(settings, 'postgres-meta'),
    environment: {
      PG_META_HOST: '0.0.0.0',
      PG_META_PORT: String(port),
      PG_META_DB_HOST: inside.host,
      PG_META_DB_PORT: String(inside.port),
      PG_META_DB_NAME: platformDatabase,
      PG_META_DB_USER: 'strata_auditor',
      // Its certificate would have to stand in a variable: the connection is encrypted, inside the platform's network.
      PG_META_DB_SSL_MODE: 'require',
    },
    secrets: {
      PG_META_DB_PASSWORD: { passwordOf: 'strata_auditor' },
      CRYPTO_KEY: { platform: 'meta-crypto' },
    },
    files: {},
    scratch: ['/tmp'],
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    health: '/health',
    metrics: { port: port + 1, path: '/metrics' },
    readsSchema: false,
    routes: { meta: { path: '/pg/', upstreamPath: '/', access: 'operator' } },
    replicas: 1,
  };
}
