import type { TenancyPlan } from '../../provider/tenancy/plan';
import type { Settings } from '../settings/schema';
import { file } from './paths';
import type { Workload } from './service';
import { rules, storeNeeds, storeSecrets } from './storage/service';

const port = 3100;
const planFile = 'plan.json';
const exportsFolder = '/var/lib/strata/exports';

/** How long what runs may take to end; what is not done by then is gone on with by the next worker. */
const stopSeconds = 60;

/**
 * The worker of tenants: makes those that sign up (`tenancy.sign_up()`), brings changed members to databases of single
 * tenants, and does what else is asked for in `registry.tenant_jobs`. Databases cannot be made inside a function of SQL.
 *
 * It logs in as the migrator, because it makes schemas, databases and roles: nothing reaches it but Prometheus, and it
 * has no route. Two jobs at a time; several workers share them, and whoever is killed is replaced when the lease of
 * its job ends. Health: `/healthz` while it looks for jobs. Costs one Node process and up to 9 connections to Postgres.
 */
export function tenantsWorker(
  settings: Settings,
  plan: TenancyPlan,
  beside: { readonly storage: boolean },
): Workload {
  return {
    kind: 'workload',
    name: 'tenants',
    program: { entries: { 'server.cjs': 'components/services/images/tenants/server.ts' } },
    command: ['node', '--max-old-space-size=192', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      PLAN: file(planFile),
      MODEL: settings.tenancy.model,
      EXPORTS: exportsFolder,
      ...(beside.storage && { STORAGE_RULES: JSON.stringify(rules(settings)) }),
      JOBS: '2',
      LEASE_SECONDS: '60',
      RETRY_SECONDS: '5',
      STOP_SECONDS: String(stopSeconds),
    },
    secrets: {
      // LISTEN belongs to a session, and databases are not made through a pooler.
      DATABASE_URL: { database: 'strata_migrator', direct: true },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      REDIS_URL: { redis: 'tenants' },
      ...(beside.storage && storeSecrets(settings)),
    },
    volumes: { [exportsFolder]: 'exports' },
    files: { [planFile]: JSON.stringify(plan) },
    user: '1000:1000',
    resources: { memory: '320M' },
    needs: ['database', 'redis', ...(beside.storage ? storeNeeds(settings) : [])],
    port,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: stopSeconds + 10,
  };
}
