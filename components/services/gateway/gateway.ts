import { root } from '../../../engine/root';
import type { Service, Workload } from '../service';
import { gatewayConfig } from './config';
import { containerLayout, ports, type GatewayInput } from './input';
import { ownPorts } from './own-ports';
import { guardOf } from './servers';
import { staticFiles } from './static';
import { start } from './this-machine';
import { tlsSecrets } from './tls';

/**
 * The gateway: nginx, the only service that publishes ports unless the config says so.
 *
 * It ends TLS, sends each request to the service whose route it is, asks the guard about those that need a token, and
 * limits addresses. Its files are rendered from the routes of `services` and the settings; `gatewayProblems` says first
 * whether they can be. Healthy when it answers at `/healthz` on its port 8080.
 * Port 8081 has nginx's figures (`/stub_status`) for an exporter. Runs as 101 on a read-only root without capabilities.
 *
 * @example gateway({ image: image(settings, 'nginx'), domain: 'example.org', gateway: settings.gateway }, services)
 */
export function gateway(input: GatewayInput, services: readonly Service[]): Workload {
  const { tls, ports: published } = input.gateway;
  const own = ownPorts(input, services);
  const inside = Object.fromEntries(Object.entries(own).map(([name, port]) => [name, port.inside]));
  const layout = containerLayout(input.resolver, inside);
  const withCertificates = tls.mode === 'acme';
  return {
    kind: 'workload',
    name: 'gateway',
    image: input.image,
    ...start(input.gateway, layout),
    environment: {},
    secrets: tlsSecrets(input.gateway),
    files: {
      ...gatewayConfig(input, services, layout),
      ...staticFiles(input.gateway, root).files,
    },
    ...(withCertificates && { volumes: { [layout.certificates]: 'certificates' as const } }),
    scratch: [layout.scratch],
    user: '101:101',
    resources: { memory: '512M' },
    needs: [
      ...(guardOf(services) === undefined ? [] : ['guard']),
      // It lays down the first certificate.
      ...(withCertificates ? ['acme'] : []),
    ],
    port: ports.http,
    health: '/healthz',
    metrics: { exporter: 'nginx-exporter' },
    published: {
      [published.http]: ports.http,
      [published.https]: ports.https,
      ...Object.fromEntries(Object.values(own).map((port) => [port.published, port.inside])),
    },
    readsSchema: false,
    routes: {},
    replicas: 1,
    // Requests that are under way end first (SIGQUIT is the image's stop signal).
    stopGraceSeconds: 35,
  };
}
