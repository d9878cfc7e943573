import { stringify } from 'yaml';
import { image } from '../images';
import type { Access, Route, Service, Workload } from '../service';
import { file } from '../paths';
import { nobody, type Monitored } from './names';

const port = 9115;
const module = 'blackbox-exporter';

/**
 * Tries every route as a stranger would: through the gateway, over TLS, without a token. None where there is no gateway.
 *
 * A route for tokens must refuse (401): so a probe fails when the gateway, the guard or the service is away, and when a
 * route stands open as well. It also tells when the certificate ends; whether browsers trust it is not looked at, because
 * nothing secret is sent. Costs one request for each route each 30 s.
 */
export function blackboxExporter(settings: Monitored, services: readonly Service[]): Workload[] {
  if (!services.some(({ name }) => name === 'gateway')) return [];
  return [
    {
      kind: 'workload',
      name: module,
      image: image(settings, 'blackbox-exporter'),
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
    modules: Object.fromEntries(accesses.map((access) => [access, probe(access)])),
  });
}

/** What has routes, as probes need to know it. */
export type Routed = Pick<Service, 'name'> & Partial<Pick<Workload, 'routes'>>;

/** The scrape jobs of the probes; one for each way of access. Pure. */
export function probeJobs(settings: Monitored, services: readonly Routed[]) {
  if (!services.some(({ name }) => name === 'gateway')) return [];
  const routes = services.flatMap((service) =>
    Object.values(service.routes ?? {}).map((route) => ({ service, route })),
  );
  return (Object.keys(answers) as Access[]).flatMap((access) => {
    const of = routes.filter(({ route }) => route.access === access);
    if (of.length === 0) return [];
    return [
      {
        job_name: `probe-${access}`,
        metrics_path: '/probe',
        scrape_interval: '30s',
        params: { module: [access] },
        static_configs: of.map(({ service, route }) => ({
          targets: [`https://gateway:8443${route.path}`],
          labels: { service: service.name, host: hostOf(settings, route), path: route.path },
        })),
        relabel_configs: [
          { source_labels: ['__address__'], target_label: '__param_target' },
          // The name for Host and for TLS: v0.19 and newer.
          { source_labels: ['host'], target_label: '__param_hostname' },
          { source_labels: ['host', 'path'], separator: '', target_label: 'instance' },
          { target_label: '__address__', replacement: `${module}:${port}` },
        ],
      },
    ];
  });
}

function hostOf({ domain }: Monitored, { subdomain }: Route): string {
  return subdomain === undefined ? domain : `${subdomain}.${domain}`;
}
