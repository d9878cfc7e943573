import { keptOn, type Kept } from '../../components/data/kept';
import { noTables } from '../../components/plan';
import { aboutService } from '../../components/services/admin-words';
import { deployed } from '../../components/services/catalogue';
import { isAsked } from '../../components/services/monitoring/blackbox';
import { dashboardOf } from '../../components/services/monitoring/dashboards/dashboards';
import { alertsOf } from '../../components/services/monitoring/rules/rules';
import { objectStore } from '../../components/services/storage/garage';
import type { SecretSource, Workload } from '../../components/services/service';
import { vendorRole } from '../../components/services/vendors';
import { catalogueNames } from '../../components/settings/names';
import { settingsSchema } from '../../components/settings/schema';

/**
 * Every service that a deployment can have, at once: what no config may have together is together here, since each is asked
 * for what it says of itself alone.
 */
export function everyService(): Workload[] {
  const settings = settingsSchema.parse({
    target: 'docker',
    // With those that only several servers have.
    tier: 'load-balanced',
    domain: 'example.org',
    services: Object.fromEntries(catalogueNames.map((name) => [name, { enabled: true }])),
    monitoring: { dashboards: true, logs: true, traces: true },
    database: { memory: '16G' },
    storage: { scan: 'clamav' },
    gateway: { tls: { mode: 'acme', email: 'ops@example.org' } },
  });
  const declared = { file: 'app/functions/x.ts' };
  const { database, services } = deployed({
    settings,
    tenancy: noTables,
    functions: [
      { ...declared, name: 'asked', kind: 'http' },
      { ...declared, name: 'told', kind: 'worker', queue: 'told' },
    ],
  });
  const workloads = [database, ...services].filter(
    (service): service is Workload => service.kind === 'workload',
  );
  return [...new Map(workloads.map((service) => [service.name, service])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** What a service keeps, where, and what brings it back; read from its volumes and its secrets. */
export function keptBy(service: Workload): Kept[] {
  const all = secretsOf(service);
  const uses = (test: (source: SecretSource) => boolean) => all.some(test);
  const vendor = all.flatMap((source) => ('vendor' in source ? [source.vendor] : []))[0];
  const volumes = [...new Set(Object.values(service.volumes ?? {}))];
  return [
    ...volumes.map((content) => keptOn[content]),
    ...(vendor === undefined ? [] : [within('database', `its database \`${vendorRole(vendor)}\``)]),
    ...(uses((source) => 'database' in source)
      ? [within('database', 'rows of tenants or of the platform')]
      : []),
    ...(uses((source) => 'redis' in source) ? [within('redis', 'keys')] : []),
    ...(service.needs.includes(objectStore.name) ? [within(objectStore.name, 'files')] : []),
  ];
}

/** Kept by another service: what brings that back brings this back. */
function within(service: string, what: string): Kept {
  return { what, back: `as \`${service}\`` };
}

/** Those that it finds as files, as variables and inside of other files. */
function secretsOf({ secrets, secretEnvironment = {}, files }: Workload): SecretSource[] {
  const given = [...Object.values(secretEnvironment), ...Object.values(files)].flatMap((value) => {
    if (typeof value === 'string') return [];
    return 'template' in value ? Object.values(value.secrets) : [value];
  });
  return [...Object.values(secrets), ...given];
}

/** Alerts that many services have, in the words of docs/services.md. */
const common: Readonly<Record<string, string>> = {
  TargetDown: 'figures',
  TargetMissing: 'figures',
  RestartLoop: 'figures',
  ServiceUnhealthy: 'health',
  RouteFails: 'routes',
  RouteSlow: 'routes',
  ServiceErrors: 'routes',
  ServiceSlow: 'routes',
};

/** The tables of docs/services.md: what each service is, and how it is watched and what it keeps. */
export function servicesTables(): { readonly is: string; readonly watched: string } {
  const services = everyService();
  return {
    is: table(
      ['service', 'what it is', 'image', 'port', 'paths', 'healthy when it answers'],
      services.map((service) => [
        `\`${service.name}\``,
        aboutService[service.name] ?? '',
        imageOf(service),
        service.port === undefined ? '–' : String(service.port),
        listed(Object.values(service.routes).map(pathOf)),
        healthOf(service),
      ]),
    ),
    watched: table(
      ['service', 'figures', 'alerts', 'dashboard', 'data: what brings it back'],
      services.map((service) => [
        `\`${service.name}\``,
        figuresOf(service),
        listed([...new Set(alertsOf(service).map((alert) => common[alert] ?? alert))]),
        dashboardOf(service.name),
        keptBy(service)
          .map(({ what, back }) => `${what}: ${back}`)
          .join('; ') || 'keeps nothing',
      ]),
    ),
  };
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function imageOf({ image, program, build }: Workload): string {
  if (program) return 'ours, of Node';
  if (build) return 'ours, of Postgres';
  return `\`${/([^/]+?)(?::[^:@]+)?(?:@.*)?$/.exec(image ?? '')?.[1] ?? ''}\``;
}

function pathOf({ path, subdomain, access }: Workload['routes'][string]): string {
  return `\`${subdomain === undefined ? '' : `${subdomain}.<domain>`}${path}\` (${access})`;
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? '–' : texts.join(', ');
}

function healthOf({ health, healthCommand, port }: Workload): string {
  if (health !== undefined) return `\`${health}\``;
  if (healthCommand) return 'a command in the container';
  return port === undefined ? '' : 'its port is open';
}

function figuresOf(service: Workload): string {
  const { metrics } = service;
  if (metrics && 'port' in metrics) return `\`:${metrics.port}${metrics.path}\``;
  if (metrics && 'exporter' in metrics) return `\`${metrics.exporter}\` asks it`;
  const reason = metrics?.none ?? '';
  return isAsked(service) && reason !== '' ? `none: ${reason}` : '';
}
