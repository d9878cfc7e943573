import { withAliases } from './aliases';
import { refuse } from './errors';
import { hostNames, sites, type Site } from './hosts';
import { servedRoutes, type GatewayInput, type Layout, type Served } from './input';
import { location, notDeployed } from './locations';
import { wholeGateway } from './own-ports';
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
  const { [wholeGateway]: second, ...own } = layout.own;
  const usual = [layout.https, ...(second === undefined ? [] : [second])];
  const all = sites(input, servedRoutes(services));
  return file(
    input.balanced
      ? '# A balancer names nobody when it shakes hands; what it passes on says for whom it is.'
      : '# Who asks for a name that is not served gets no certificate, so an address does not tell whose it is.',
    block(
      'server',
      [...usual, ...Object.values(own)].map(
        (address) => `listen ${address} ssl http2 default_server;`,
      ),
      'server_name "";',
      !input.balanced && 'ssl_reject_handshake on;',
      'include errors.conf;',
      block('location /', unknownHost()),
    ),
    all.flatMap((site) => ['', ...wholeSite(site)]),
    Object.entries(own).flatMap(([service, address]) => ofService(service, address)),
  );

  function wholeSite(site: Site): string[] {
    const { places, notDeployed: missing } = placesOf(site);
    return server(site, usual, places, [
      missing.map(notDeployed),
      site.api && staticLocations(input.gateway, layout),
      !takesAll(site, places, input) && block('location /', 'return 404;'),
    ]);
  }

  /** The routes of one service at a port of its own, by the names that they have at the usual one. */
  function ofService(service: string, address: string): string[] {
    const theirs = all
      .map((site) => ({ site, places: placesOf(site).places.filter(isOf(service)) }))
      .filter(({ places }) => places.length > 0);
    const [first] = theirs;
    const elsewhere = first && !first.site.api && first.site.names[0];
    return [
      ...theirs.flatMap(({ site, places }) => [
        '',
        ...server({ ...site, title: `${service} at its own port` }, [address], places, [
          !places.some(takesRest) && fromTheRoot(places),
        ]),
      ]),
      ...(elsewhere ? ['', ...byItsName(service, address, elsewhere)] : []),
    ];
  }

  function server(
    site: Site,
    addresses: readonly string[],
    places: readonly Served[],
    rest: Line,
  ): string[] {
    return [
      `# ${site.title}.`,
      ...block(
        'server',
        addresses.map((address) => `listen ${address} ssl http2;`),
        `server_name ${site.names.join(' ')};`,
        'include errors.conf;',
        'include refusals.conf;',
        site.api && tenantPath,
        guard !== undefined && 'include check.conf;',
        '',
        places.flatMap((place) => [location(place, guard ?? '', input.graphqlBytes), '']),
        rest,
      ),
    ];
  }

  /** Cookies know no ports: a site that has a name of its own keeps it, and with it what is only its own. */
  function byItsName(service: string, address: string, name: string): string[] {
    return [
      `# ${service} is asked for by its own name.`,
      ...block(
        'server',
        `listen ${address} ssl http2;`,
        `server_name ${input.domain};`,
        'include errors.conf;',
        block('location /', `return 308 https://${name}:$asked_port$request_uri;`),
      ),
    ];
  }
}

function placesOf(site: Site) {
  const { added, notDeployed } = site.api
    ? withAliases(site.routes)
    : { added: [], notDeployed: [] };
  return { places: [...site.routes, ...added], notDeployed };
}

function isOf(name: string): (served: Served) => boolean {
  return ({ service }) => service === name;
}

function takesRest({ route }: Served): boolean {
  return route.path === '/';
}

/** Who types the port alone finds the service. */
function fromTheRoot([first]: readonly Served[]): Line {
  return [
    first !== undefined && block('location = /', `return 308 ${first.route.path};`),
    block('location /', 'return 404;'),
  ];
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

function takesAll(site: Site, places: readonly Served[], { gateway }: GatewayInput): boolean {
  return places.some(takesRest) || (site.api && Object.hasOwn(gateway.static, '/'));
}

function unknownHost(): Line {
  return refuse(421, 'unknown_host', 'this host is not served here');
}

/** The names of the certificate that ACME orders. */
export function certificateNames(input: GatewayInput, services: readonly Service[]): string[] {
  return [...new Set([...hostNames(input, servedRoutes(services)), ...input.gateway.tls.names])];
}
