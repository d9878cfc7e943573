import { stringify } from 'yaml';
import { image } from '../images';
import type { Access, Route } from '../route';
import type { Service, Workload } from '../service';
import { file } from '../paths';
import { nobody, type Monitored } from './names';

const port = 9115;
export const blackboxName = 'blackbox-exporter';

/**
 * Tries every route as a stranger would, through the gateway, over TLS, without a token; and asks every service for its
 * health from inside. None where there is no gateway.
 *
 * A route for tokens must refuse (401): so a probe fails when the gateway, the guard or the service is away, and when a
 * route stands open as well. It also tells when the certificate ends; whether browsers trust it is not looked at, because
 * nothing secret is sent. Many services have no figures of their own: what is known of those is here. Costs one request for
 * each route and each service each 30 s.
 */
export function blackboxExporter(settings: Monitored, services: readonly Service[]): Workload[] {
  if (!services.some(({ name }) => name === 'gateway')) return [];
  return [
    {
      kind: 'workload',
      name: blackboxName,
      image: image(settings, blackboxName),
      command: [`--config.file=${file('blackbox.yml')}`],
      environment: {},
      secrets: {},
      files: { 'blackbox.yml': renderBlackbox() },
      user: nobody,
      needs: ['gateway'],
      port,
      health: '/-/healthy',
      metrics: { port, path: '/metrics' },
      readsSchema: false,
      routes: {},
      replicas: 1,
      resources: { memory: '128M' },
    },
  ];
}

/** What a stranger's GET may be answered, by who may use the route. */
const answers = {
  // A service that wants something else than GET, or a path below, may say so; 404 is the service's own, 5xx the gateway's.
  public: [200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405],
  token: [401],
  graphql: [401],
  operator: [401, 403],
} as const satisfies Record<Access, readonly number[]>;

/** blackbox.yml, for v0.23 and newer. Pure. */
export function renderBlackbox(): string {
  const probe = (access: Access) => ({
    prober: 'http',
    timeout: '8s',
    http: {
      method: 'GET',
      follow_redirects: false,
      fail_if_not_ssl: true,
      preferred_ip_protocol: 'ip4',
      valid_status_codes: answers[access],
      tls_config: { insecure_skip_verify: true },
    },
  });
  const accesses = Object.keys(answers) as Access[];
  return stringify({
    modules: {
      ...Object.fromEntries(accesses.map((access) => [access, probe(access)])),
      path: {
        prober: 'http',
        timeout: '8s',
        http: { preferred_ip_protocol: 'ip4', follow_redirects: false },
      },
      port: { prober: 'tcp', timeout: '8s', tcp: { preferred_ip_protocol: 'ip4' } },
    },
  });
}

/** How the series of questions for health are told from those of routes. */
export const askedInside = 'job=~"health-.+"';
export const askedAtGateway = 'job!~"health-.+"';

/**
 * The scrape jobs of the prober: it asks services for their health, and tries their routes. None where there is no gateway.
 * Pure.
 */
export function probeJobs(settings: Monitored, services: readonly Service[]) {
  if (!services.some(({ name }) => name === 'gateway')) return [];
  const workloads = services.filter((service) => service.kind === 'workload');
  return [...routeJobs(settings, workloads), ...healthJobs(workloads)];
}

/** One for each way of access. */
function routeJobs(settings: Monitored, services: readonly Workload[]) {
  const routes = services.flatMap((service) =>
    Object.values(service.routes).map((route) => ({ service, route })),
  );
  return (Object.keys(answers) as Access[]).flatMap((access) =>
    probeJob(
      `probe-${access}`,
      access,
      routes
        .filter(({ route }) => route.access === access)
        .map(({ service, route }) => ({
          targets: [`https://gateway:8443${route.path}`],
          labels: { service: service.name, host: hostOf(settings, route), path: route.path },
        })),
      [
        // The name for Host and for TLS: v0.19 and newer.
        { source_labels: ['host'], target_label: '__param_hostname' },
        { source_labels: ['host', 'path'], separator: '', target_label: 'instance' },
      ],
    ),
  );
}

/** One for those that name a path, one for those whose port alone can be tried. Of several replicas one is asked. */
function healthJobs(services: readonly Workload[]) {
  const asked = services.filter(isAsked);
  const instance = { source_labels: ['service'], target_label: 'instance' };
  const jobs = (['path', 'port'] as const).map((how) => {
    const targets = asked
      .filter(({ health }) => (how === 'path') === (health !== undefined))
      .map(({ name, port: listens, health }) => ({
        targets: [
          health === undefined ? `${name}:${listens}` : `http://${name}:${listens}${health}`,
        ],
        labels: { service: name },
      }));
    return probeJob(`health-${how}`, how, targets, [instance]);
  });
  return jobs.flat();
}

/** Whether the prober asks a service for its health; what an exporter asks is left to that. */
export function isAsked(service: Service): service is Workload {
  if (service.kind === 'job' || service.port === undefined) return false;
  return service.metrics === undefined || !('exporter' in service.metrics);
}

function probeJob(
  name: string,
  how: string,
  targets: readonly { readonly targets: readonly string[]; readonly labels: object }[],
  relabel: readonly object[],
) {
  if (targets.length === 0) return [];
  return [
    {
      job_name: name,
      metrics_path: '/probe',
      scrape_interval: '30s',
      params: { module: [how] },
      static_configs: targets,
      relabel_configs: [
        { source_labels: ['__address__'], target_label: '__param_target' },
        ...relabel,
        { target_label: '__address__', replacement: `${blackboxName}:${port}` },
      ],
    },
  ];
}

function hostOf({ domain }: Monitored, { subdomain }: Route): string {
  return subdomain === undefined ? domain : `${subdomain}.${domain}`;
}
