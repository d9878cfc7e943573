import type { GatewaySettings } from '../../settings/gateway';
import type { Route } from '../route';
import { containerPaths, type Service } from '../service';

/** What the gateway is made from. */
export interface GatewayInput {
  /** The container image in full: `image(settings, 'nginx')`. */
  readonly image: string;
  /** `example.org`: served with `api.example.org` and a host for each tenant. */
  readonly domain: string;
  readonly gateway: GatewaySettings;
  /** The largest body that the guard reads: `strata:limits.graphql.maxBodyBytes`. */
  readonly graphqlBytes: number;
  /** The DNS server of the network that the services are in; Docker's own when not given. */
  readonly resolver?: string;
  /** Slugs of the tenants that the settings name; a service cannot take the host of one. */
  readonly tenants?: readonly string[];
  /** Requests come by a balancer of AWS alone, which ends TLS of its own before it. */
  readonly balanced?: boolean;
  /** Services that may have a port of their own before they are there: the preset keeps it for them. */
  readonly slots?: readonly string[];
}

/** Where the gateway finds its files, what it may write, and where it listens: the container's, or a test's. */
export interface Layout {
  readonly files: string;
  readonly secrets: string;
  readonly certificates: string;
  readonly scratch: string;
  /** Addresses to listen on: a port, or address:port. */
  readonly http: string;
  readonly https: string;
  /** The same of services that have a port of their own (own-ports.ts). */
  readonly own: Readonly<Record<string, string>>;
  readonly status: string;
  readonly resolver: string;
  readonly acmePort: number;
  /** The kernel's routes, by which the gateway finds its own machine. */
  readonly routingTable: string;
}

/** The ports inside the container: none of them needs a capability. */
export const ports = { http: 8080, https: 8443, status: 8081, acme: 8090, own: 9000 } as const;

/**
 * The layout in a container; 127.0.0.11 is where Docker's engine answers for every container. `own` has the ports inside
 * of services that have one of their own.
 */
export function containerLayout(
  resolver = '127.0.0.11',
  own: Readonly<Record<string, number>> = {},
): Layout {
  return {
    files: containerPaths.files,
    secrets: containerPaths.secrets,
    certificates: '/certificates',
    scratch: '/tmp',
    http: String(ports.http),
    https: String(ports.https),
    own: Object.fromEntries(Object.entries(own).map(([name, port]) => [name, String(port)])),
    status: String(ports.status),
    resolver,
    acmePort: ports.acme,
    routingTable: '/proc/net/route',
  };
}

/** A route with the service that answers there. */
export interface Served {
  readonly service: string;
  readonly port: number;
  readonly route: Route;
  /** The path that is asked for in the place of the route's: the guard knows a GraphQL route by its own. */
  readonly asked: string;
}

/** Every route of every service that listens, in the order of the services. */
export function servedRoutes(services: readonly Service[]): Served[] {
  return services.flatMap((service) =>
    service.kind === 'workload' && service.port !== undefined
      ? Object.values(service.routes).map((route) => ({
          service: service.name,
          port: service.port ?? 0,
          route,
          asked: route.access === 'graphql' ? route.path : (route.upstreamPath ?? route.path),
        }))
      : [],
  );
}
