import type { Settings } from '../settings/schema';
import { aboutService, dashboardPages, databasePages } from './admin-words';
import type { AdminConfig, HealthCheck, ToolPage } from './images/admin/config';
import { file } from './paths';
import type { Workload } from './service';

const port = 8060;

/**
 * The admin page at `/admin/`: every service with its health, asked for when the page is opened; tenants, users, the
 * catalogue of the database and the audit log; the way to all other pages for operators. It only reads.
 *
 * It logs in to Postgres as `strata_admin_page`, past the pooler: functions that list what the page shows, and the
 * catalogue. The gateway asks for the operators' login and passes it on, and the program checks it again, because every
 * container of the network can open its port. `behind` are the services that it shows and asks. Health: `/healthz`, which
 * asks nobody: the overview is for when the database is away. Costs one Node process and up to 4 connections.
 */
export function admin(
  settings: Pick<Settings, 'domain' | 'limits'>,
  behind: readonly Workload[],
): Workload {
  return {
    kind: 'workload',
    name: 'admin',
    program: { entries: { 'server.cjs': 'components/services/images/admin/server.ts' } },
    command: ['node', '--max-old-space-size=128', '{program}/server.cjs'],
    environment: { PORT: String(port), ADMIN_CONFIG: file('admin.json') },
    secrets: {
      DATABASE_URL: { database: 'strata_admin_page', direct: true },
      OPERATOR: { platform: 'operator' },
    },
    files: { 'admin.json': `${JSON.stringify(adminConfig(settings, behind), null, 2)}\n` },
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    health: '/healthz',
    metrics: { none: 'a page for operators, which shows the health of others' },
    readsSchema: false,
    routes: {
      admin: { path: '/admin/', access: 'operator', maxBody: '1K', passLogin: true },
    },
    replicas: 1,
  };
}

/** What the program reads: the services, how to ask for their health, and where their pages are. */
export function adminConfig(
  { domain, limits }: Pick<Settings, 'domain' | 'limits'>,
  behind: readonly Workload[],
): AdminConfig {
  return {
    hosts: [domain, `api.${domain}`],
    requestsPerMinute: limits.tenant.perMinute,
    services: behind.map((service) => {
      const page = pageOf(service);
      return {
        name: service.name,
        about: aboutService[service.name] ?? 'A service of your own',
        replicas: service.replicas,
        check: checkOf(service),
        ...(page !== undefined && { page }),
      };
    }),
    dashboards: deployedOf(dashboardPages, behind),
    databaseTools: deployedOf(databasePages, behind),
  };
}

/** As the containers' engine is told it where the service says it; an open port where a command in the container looks. */
function checkOf({ name, port: listens, health }: Workload): HealthCheck {
  if (listens === undefined) return { kind: 'none' };
  return health === undefined
    ? { kind: 'port', host: name, port: listens }
    : { kind: 'http', url: `http://${name}:${listens}${health}` };
}

/** Where the platform's own host serves it to operators. */
function pageOf({ routes }: Workload): string | undefined {
  return Object.values(routes).find(
    ({ access, subdomain }) => access === 'operator' && subdomain === undefined,
  )?.path;
}

function deployedOf(
  known: Readonly<Record<string, string>>,
  behind: readonly Workload[],
): ToolPage[] {
  return behind.flatMap((service) => {
    const about = known[service.name];
    const path = pageOf(service);
    return about === undefined || path === undefined ? [] : [{ name: service.name, path, about }];
  });
}
