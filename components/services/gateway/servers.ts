import { withAliases } from './aliases';
import { refuse } from './errors';
import { hostNames, sites, type Site } from './hosts';
import { servedRoutes, type GatewayInput, type Layout } from './input';
import { location, notDeployed } from './locations';
import { staticLocations } from './static';
import { block, file, type Line } from './text';
import type { Service } from '../service';

/** redirect.conf: port 80 sends known hosts to https and answers challenges of ACME. */
export function redirect(
  input: GatewayInput,
  services: readonly Service[],
  layout: Layout,
): string {
  const { gateway } = input;
  const port = gateway.ports.https === 443 ? '' : `:${gateway.ports.https}`;
  const all = sites(input, servedRoutes(services));
  return file(
    '# Plain http: nothing but the way to https.',
    block(
      'server',
      `listen ${layout.http} default_server;`,
      'server_name "";',
      'include errors.conf;',
      block('location = /healthz', 'access_log off;', 'return 200 "ok\\n";'),
      gateway.tls.mode === 'acme' && 'include challenges.conf;',
      block('location /', unknownHost()),
    ),
    '',
    block(
      'server',
      `listen ${layout.http};`,
      `server_name ${all.flatMap(({ names }) => names).join(' ')};`,
      'include errors.conf;',
      gateway.tls.mode === 'acme' && 'include challenges.conf;',
      block('location /', `return 308 https://$host${port}$request_uri;`),
    ),
  );
}

/** challenges.conf: what an ACME authority asks for; the program `acme` answers. */
export function challenges({ acmePort }: Layout): string {
  return file(
    '# The proof of an ACME authority; nothing of the client but the path gets there.',
    block(
      'location /.well-known/acme-challenge/',
      'include limit.conf;',
      'client_max_body_size 1k;',
      `set $upstream acme:${acmePort};`,
      'rewrite "^(?s)(.*)$" "$1" break;',
      'proxy_pass_request_headers off;',
      'proxy_pass_request_body off;',
      'proxy_set_header Content-Length "";',
      'proxy_set_header Transfer-Encoding "";',
      'proxy_connect_timeout 1s;',
      'proxy_read_timeout 5s;',
      'proxy_pass http://$upstream;',
    ),
  );
}

/** sites.conf: what is served by https. */
export function siteServers(
  input: GatewayInput,
  services: readonly Service[],
  layout: Layout,
): string {
  const guard = guardOf(services);
  return file(
    '# Who asks for a name that is not served gets no certificate, so an address does not tell whose it is.',
    block(
      'server',
      `listen ${layout.https} ssl http2 default_server;`,
      'server_name "";',
      'ssl_reject_handshake on;',
      'include errors.conf;',
      block('location /', unknownHost()),
    ),
    sites(input, servedRoutes(services)).flatMap((site) => ['', ...server(site)]),
  );

  function server(site: Site): string[] {
    const { added, notDeployed: missing } = site.api
      ? withAliases(site.routes)
      : { added: [], notDeployed: [] };
    const places = [...site.routes, ...added];
    return [
      `# ${site.title}.`,
      ...block(
        'server',
        `listen ${layout.https} ssl http2;`,
        `server_name ${site.names.join(' ')};`,
        'include errors.conf;',
        'include refusals.conf;',
        site.api && tenantPath,
        guard !== undefined && 'include check.conf;',
        '',
        places.flatMap((place) => [location(place, guard ?? '', input.graphqlBytes), '']),
        missing.map(notDeployed),
        site.api && staticLocations(input.gateway, layout),
        !takesAll(site, places, input) && block('location /', 'return 404;'),
      ),
    ];
  }
}

/** Where the guard listens. */
export function guardOf(services: readonly Service[]): string | undefined {
  const guard = services.find(({ name }) => name === 'guard');
  return guard?.kind === 'workload' && guard.port !== undefined ? `guard:${guard.port}` : undefined;
}

/** A rewrite makes a request an internal one, for which the guard's location would open. */
const tenantPath: Line = [
  '# /t/acme/graphql is /graphql of the tenant acme.',
  'rewrite "^(?s)/t/(?<tenant_path>[a-z][a-z0-9-]{0,39})(?<rest>/(?!_strata/).*)$" "$rest";',
];

function takesAll(site: Site, places: Site['routes'], { gateway }: GatewayInput): boolean {
  return (
    places.some(({ route }) => route.path === '/') ||
    (site.api && Object.hasOwn(gateway.static, '/'))
  );
}

function unknownHost(): Line {
  return refuse(421, 'unknown_host', 'this host is not served here');
}

/** The names of the certificate that ACME orders. */
export function certificateNames(input: GatewayInput, services: readonly Service[]): string[] {
  return [...new Set([...hostNames(input, servedRoutes(services)), ...input.gateway.tls.names])];
}
